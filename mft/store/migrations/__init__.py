"""How a database comes to have the tables of mft.store.tables, one step at a time."""
