"""Use cases: what the command line, web pages and the clock do, each in one module."""
