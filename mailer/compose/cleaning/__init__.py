"""HTML that editors typed: what of it may be mailed."""
