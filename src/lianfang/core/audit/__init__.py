"""A record of every act that nobody can quietly change."""
