"""What is wrong with an issue before it goes: rules that look at the mail as one recipient gets it."""
