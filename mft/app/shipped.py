"""Where the texts are that come with the program: letters, agreements, attestations.

In a source tree they lie in ``config/``; the wheel carries the same files inside the package.
"""

from pathlib import Path
from typing import Final

import mft

_PACKAGE: Final = Path(mft.__file__).parent


def shipped(name: str) -> Path:
    """Return the folder *name*, ``mail`` say, that came with the program."""
    packed = _PACKAGE / "shipped" / name
    return packed if packed.is_dir() else _PACKAGE.parent / "config" / name
