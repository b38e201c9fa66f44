"""Room: access requests, from the form to the account or its end."""
