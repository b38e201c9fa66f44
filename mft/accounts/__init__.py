"""Rooms for who comes in: signing on, accounts and organizations, what they prove themselves with, and from where."""
