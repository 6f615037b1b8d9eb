"""The workspace on disk: what it is made of, and what is bundled with the program."""
