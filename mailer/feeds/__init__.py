"""Feeds: octets in, entries out; entries in, an issue out. No I/O."""
