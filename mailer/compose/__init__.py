"""An issue becomes bytes: rendered once, filled for each recipient. Knows neither SMTP nor the database."""
