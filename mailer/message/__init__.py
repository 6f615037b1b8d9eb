"""The message that a stored send keeps: encoded once, filled for each recipient."""
