"""CSS put into style attributes, once for everybody, and the proof that this was right for each reader."""
