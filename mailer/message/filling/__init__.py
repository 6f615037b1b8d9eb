"""What differs, filled in for one recipient: trees, expressions, and the functions made of them."""
