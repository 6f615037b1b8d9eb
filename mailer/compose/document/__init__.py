"""A whole HTML document that an editor wrote: kept as it is, but for what runs and what styles need."""
