"""Nouns: frozen values, ids and errors.  Nothing here acts, and nothing here knows the time."""
