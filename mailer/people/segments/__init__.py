"""Segments: read as they are typed, held against what there is, made into SQL, kept by name."""
