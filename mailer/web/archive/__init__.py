"""The archive as pages: the same for `mailer serve` and for a static site."""
