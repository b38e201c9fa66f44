"""What the server can say about itself: who has access, what is about to end, what was moved and what lies here."""
