"""What the server says about itself: log lines and numbers.  Never a secret, never file content."""
