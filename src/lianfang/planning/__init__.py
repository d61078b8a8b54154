"""Proposals of the optimiser: what it proposed, why, and what a person made of each line."""
