"""Trying addresses of the web, carefully: what an issue links to is not ours, nor is where it leads."""
