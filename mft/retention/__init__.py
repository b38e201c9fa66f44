"""What goes for ever, and when: the sweep, and the one function that destroys the bytes of files."""
