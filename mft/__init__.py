"""MFT: a managed file transfer server for health plans and their partners."""

from typing import Final

__version__: Final = "0.1.0"
