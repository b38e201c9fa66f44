"""SFTP version 3 over one SSH session channel: translates requests to the tree, and decides nothing."""
