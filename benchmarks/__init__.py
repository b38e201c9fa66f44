"""Measurements of this server beside others; see README.md."""
