"""Beneath the session: asyncssh's connection as we need it."""
