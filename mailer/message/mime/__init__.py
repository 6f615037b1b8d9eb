"""The message on the wire: header fields, parts, encodings, and the template that a send keeps."""
