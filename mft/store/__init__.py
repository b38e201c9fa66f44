"""The database: SQLAlchemy Core, synchronous, rows to frozen values.  SQLAlchemy's only home."""
