"""Bytes in, events out: the conversation with a mail server."""
