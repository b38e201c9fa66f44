"""MFT: a managed file transfer server for health plans and their partners."""

__version__: str = "0.1.0"  # Not Final: the build reads this line, and knows no other annotation.
