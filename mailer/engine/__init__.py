"""Plan, work, report: the way from a compiled issue to settled deliveries."""
