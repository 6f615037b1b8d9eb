"""Expressions over one recipient's values: what they may do, and how much."""
