"""Settings: what may be set, the files that set it, and what is wrong with them."""
