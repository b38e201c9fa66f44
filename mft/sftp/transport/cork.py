"""What input led to goes out together: one send for many small packets."""

from typing import Final

from mft.crypto.segments import Bytes

_LARGE: Final = 16_384
"""What goes out by itself, and is not copied to be gathered."""


class Cork:
    """Holds small packets, in order, between ``begin`` and ``end``."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: list[bytes] | None = None

    def begin(self) -> None:
        """Hold what comes from now on, behind what is held already."""
        if self._held is None:
            self._held = []

    def takes(self, data: Bytes) -> bool:
        """Hold *data*, if that is worth it now, and return whether it did."""
        if self._held is None or len(data) >= _LARGE:
            return False
        self._held.append(bytes(data))
        return True

    def emptied(self) -> bytes:
        """Return what is held, all of it; more may follow."""
        held = b"".join(self._held or ())
        if held:
            self._held = []
        return held

    def end(self) -> bytes:
        """Return what is held, and hold nothing more."""
        held = b"".join(self._held or ())
        self._held = None
        return held
