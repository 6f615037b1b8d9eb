"""The database: its tables, its migrations, and who may open it when."""
