"""Lianfang."""
