"""A folder's names, page by page."""

from mft.vfs.shapes import Listed


class Listing:
    """One reading of a folder.  Holds no connection and no lock between pages."""

    def next(self, count: int) -> list[Listed]:
        """Return up to *count* further names; an empty list means that there are no more.

        A name is given once; one that comes or goes meanwhile may be given or not.  A short read.
        """
        raise NotImplementedError
