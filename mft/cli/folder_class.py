"""What a change of a folder's retention class does, as people and scripts read it.  Part of ``mft folder``."""

from datetime import UTC
from typing import Any

from mft.cli.show import size_text
from mft.vfs.folders import ClassChange, Share


def told(change: ClassChange, advice: str) -> str:
    """Return *change* as lines to read; *advice* is the last."""
    kept = change.touched
    lines = [f"{change.folder}: {change.was} becomes {change.becomes}; {kept.files} files change their end"]
    if kept.gone:
        lines.append(f"  {kept.gone} of them ({size_text(kept.gone_bytes)}) are gone at once: their new end has passed")
    if kept.earliest_end is not None:
        lines.append(f"  the first of the others leaves at {kept.earliest_end.astimezone(UTC):%Y-%m-%d %H:%M:%S UTC}")
    lines += [f"  {one.files} files in folders below that say {one.was} stay as they are" for one in change.apart]
    return "\n".join([*lines, advice] if advice else lines)


def change_fields(change: ClassChange) -> dict[str, Any]:
    """Return *change* field by field."""
    return {
        "folder": change.folder,
        "was": change.was,
        "becomes": change.becomes,
        "files": change.touched.files,
        "gone_at_once": change.touched.gone,
        "gone_bytes": change.touched.gone_bytes,
        "earliest_end": change.touched.earliest_end,
        "classes": [_share_fields(one) for one in (change.touched, *change.apart)],
    }


def _share_fields(share: Share) -> dict[str, Any]:
    return {
        "was": share.was,
        "becomes": share.becomes,
        "files": share.files,
        "bytes": share.bytes,
        "gone_at_once": share.gone,
        "gone_bytes": share.gone_bytes,
        "earliest_end": share.earliest_end,
    }
