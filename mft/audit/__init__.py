"""The audit trail: who did what, when, from where; chained, signed, and proven offline."""
