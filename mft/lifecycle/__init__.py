"""Room above rooms: what the calendar brings - warnings, purges, reviews, digests, reports, outlooks."""
