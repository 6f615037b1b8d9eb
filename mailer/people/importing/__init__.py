"""A file of people read: its columns, its rows, and what it says of consent."""
