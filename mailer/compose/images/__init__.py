"""Images and attachments: files beside an issue that go into its mail, or stay on the web."""
