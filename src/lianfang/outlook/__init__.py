"""Runs of analytics over the facts: what went in, which version, which seed, what came out; and what follows from it."""
