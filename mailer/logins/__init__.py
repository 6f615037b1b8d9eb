"""OAuth 2.0: who has agreed that mail goes in their name, and the tokens that say so."""
