"""What an operator types.  click and rich live here; every rule lives below."""
