"""The demonstration: example data, a server on this machine, and a client that walks the whole journey."""
