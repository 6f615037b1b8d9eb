"""How text and header fields are written into a message: transfer encodings, encoded words, parameters."""
