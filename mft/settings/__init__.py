"""The configuration: one TOML file, read once.  Nothing else reads the environment."""
