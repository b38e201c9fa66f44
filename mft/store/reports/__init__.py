"""What reports read: many rows at once, added up in the database."""
