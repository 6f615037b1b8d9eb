"""People: lists, subscribers, what they agreed to, and how they get in."""
