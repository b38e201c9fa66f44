"""The SFTP door: asyncssh's only home but for the reading of keys.  Translates, never decides."""
