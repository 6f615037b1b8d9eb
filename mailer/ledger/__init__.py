"""The ledger: sends and deliveries, each recipient once, and the journals of those who send."""
