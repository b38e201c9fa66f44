"""Scheduled work: a door like the others, knocked on by the clock."""
