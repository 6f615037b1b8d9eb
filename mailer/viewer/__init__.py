"""What shows a message on a page of this machine's own: the sandbox's inbox and the preview both use it."""
