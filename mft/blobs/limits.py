"""How far an upload may go, so that no client makes us remember or write more than it sent."""

from typing import Final

MOST_RUNS: Final = 4096
"""Islands of data a writer remembers, lest a caller that writes every other byte fill the memory."""
MOST_ZEROS: Final = 64 << 20
"""How far a size that was only set may be from what was written.  Setting it costs a client one packet
and us the sealing, so it is bounded; clients cut to what they wrote, or set a little ahead of it."""
MOST_BYTES: Final = 1 << 44
"""Where every file ends: 16 TiB, the limit of ext4."""
