"""Tags in an editor's prose: which braces are ours, and how they get through Markdown and HTML."""
