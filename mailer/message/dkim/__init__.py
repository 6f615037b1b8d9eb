"""DKIM signatures."""
