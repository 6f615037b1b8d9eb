"""When something recurs: cron expressions by a zone's clocks, and calendars that other programs read."""
