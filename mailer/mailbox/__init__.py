"""Where mail that came back lies: on a server by IMAP or POP3, or in a Maildir. It is read and put away."""
