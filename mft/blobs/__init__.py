"""The bytes of files, sealed, under random ids: where they lie, and how they are written and read.

Nothing here knows a file's name, owner or key's whereabouts; the catalog does.  Bytes are destroyed
only when a room says so (``mft.retention.destroy`` for what was once committed).
"""
