"""CSS read, and the colours in it."""
