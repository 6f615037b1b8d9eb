"""Rows: people, the ledger, schedules. SQLAlchemy lives here and nowhere below."""
