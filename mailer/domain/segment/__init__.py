"""Which part of the people: conditions that can be written, read aloud and tried on one person. Pure."""
