"""How fast to send, to whom now, and when again. Pure: time is an argument, in seconds; nothing sleeps."""
