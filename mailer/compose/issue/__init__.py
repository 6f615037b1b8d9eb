"""An issue file read: its front matter and its text, whatever program wrote them."""
