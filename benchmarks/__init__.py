"""How fast mailer sends, beside others on the same machine: `make bench`."""
