"""A local inbox: a real SMTP server on loopback that keeps what it gets, and a page to read it."""
