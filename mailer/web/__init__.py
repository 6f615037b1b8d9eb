"""The pages that subscribers reach from a mail, and the server that pages run in."""
