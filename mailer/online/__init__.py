"""Asking others, carefully: what an issue links to is not ours, nor is where it leads; and DNS."""
