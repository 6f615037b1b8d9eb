"""The text part: what a reader without HTML gets."""
