"""What is known of the portal without opening it: its address, and the files that its TLS stands on."""

from pathlib import Path
from typing import Final

from mft.app.alone import running
from mft.settings.model import Settings

PORTAL: Final = "portal"
"""The name of its address in what a ready server says."""


def portal_url(settings: Settings) -> str:
    """Return what people type to reach the portal; empty when it is off, or takes a free port and does not run."""
    portal = settings.portal
    if not portal.enabled:
        return ""
    if portal.url:
        return portal.url
    told = (running(settings.data) or {}).get(PORTAL)
    if isinstance(told, str):
        return told
    return f"https://{portal.address}:{portal.port}" if portal.port else ""


def trial_folder(settings: Settings) -> Path:
    """Return where the certificate of a trial is made and kept: beside the other keys."""
    return settings.sftp.host_keys.parent
