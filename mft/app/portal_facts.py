"""What is known of the portal without opening it: its address, and the files that its TLS stands on."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from mft.app.alone import running
from mft.crypto.tls import trial_files
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


def tls_files(settings: Settings) -> tuple[Path, Path]:
    """Return where certificate and key are, or will be when a trial has made them."""
    portal = settings.portal
    if portal.certificate is not None and portal.private_key is not None:
        return portal.certificate, portal.private_key
    return trial_files(trial_folder(settings))


def bound_port(settings: Settings) -> int:
    """Return the port that it listens on; 0 when that is known only once it runs."""
    if settings.portal.port:
        return settings.portal.port
    return urlsplit(str((running(settings.data) or {}).get(PORTAL, ""))).port or 0
