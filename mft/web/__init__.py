"""The web door: the monitor's metrics and health for now, the portal later."""
