"""MFT: a managed file transfer server for health plans and their partners."""

__version__ = "0.1.0"  # Without a type: the build finds this line by its form.
