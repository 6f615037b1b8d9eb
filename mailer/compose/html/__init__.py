"""HTML read: elements and attributes with their places in the text, and which of them mails may have."""
