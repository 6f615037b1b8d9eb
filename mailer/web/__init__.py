"""The pages that subscribers reach from a mail."""
