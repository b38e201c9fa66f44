"""One file per server that is measured: what it needs on the disk, and how it is started."""
