"""Medical teams: who they are, where they work, when they rest, what protects them, and whom they advise."""
