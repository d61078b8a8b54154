"""Who may see and do what: role times area on every row, default deny, one door."""
