"""Mail: how letters are written and handed to a mail server."""
