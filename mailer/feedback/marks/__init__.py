"""By which words the mail of programs is known, by mail server and language. Small letters, no accents."""
