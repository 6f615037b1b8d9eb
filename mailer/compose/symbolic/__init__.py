"""One rendering for everybody: templates run with symbols where recipients differ."""
