"""The nouns of the field. Pure: no I/O, no clock; email-validator is the only import from outside."""
