"""Files of people as rows: CSV, spreadsheets, JSON, cards, directories, pasted addresses, archives."""
