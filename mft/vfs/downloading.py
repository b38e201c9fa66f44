"""A file on its way out."""

from mft.vfs.shapes import Ended


class Download:
    """One opened version.  It stays readable though its name be replaced or removed meanwhile."""

    size: int
    """Bytes of the version."""

    def read(self, offset: int, length: int) -> bytes:
        """Return up to *length* bytes from *offset*; fewer at the end, none past it.

        Cheap: no query.  May wait for a disk.  Raises Unavailable when the bytes are damaged.
        """
        raise NotImplementedError

    def close(self, ended: Ended) -> None:
        """Write the ledger's line and the audit event; a transaction, for the write lane.  Idempotent."""
        raise NotImplementedError
