"""What would be sent, shown before it is: an issue as one subscriber gets it."""
