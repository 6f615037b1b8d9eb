"""HTML that editors typed: what of it may be mailed, and what a whole document needs."""
