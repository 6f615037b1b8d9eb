"""Why mail failed, by the words, status and code that a server gave: at once, or days later."""
