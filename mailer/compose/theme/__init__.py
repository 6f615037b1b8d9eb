"""What mails look like: colours, fonts, direction, and where layouts come from."""
