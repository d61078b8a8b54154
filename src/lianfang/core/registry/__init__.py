"""Places by path, units with parent and capabilities, people with their identities apart, households."""
