"""One file per kind of measurement; table.py lists them."""
