"""The tree: who sees what, how bytes come in and go out, how names move and end."""
