"""The Markdown of newsletters, as HTML and as text."""
