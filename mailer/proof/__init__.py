"""Proofs: an issue as one reader gets it, before it is sent, and what is wrong with it."""
