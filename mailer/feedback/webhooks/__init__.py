"""What providers tell by webhook: each has its own proof that it is they who ask, and its own words."""
