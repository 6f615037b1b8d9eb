"""Logging in to a mail server (SASL, RFC 4422): the mechanisms, without a socket, and which to take."""
