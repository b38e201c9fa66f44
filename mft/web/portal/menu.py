"""The left navigation (facts 0.26, 2.4): what there is, and of that what this person may see."""

from collections.abc import Iterable, Sequence

from mft.accounts.insiders import Insider
from mft.web.portal.frame import MenuItem
from mft.web.portal.route import Row


def menu_for(insider: Insider | None, here: str, table: Iterable[Row]) -> tuple[MenuItem, ...]:
    """Return the entries of *table* that *insider*, who is at the path *here*, sees; in the table's order."""
    if insider is None:
        return ()
    rows = [row for row in table if row.menu and row.sees(insider)]
    tops = dict.fromkeys(row.menu[0] for row in rows)
    return tuple(_item(top, [row for row in rows if row.menu[0] == top], here) for top in tops)


def _item(top: str, rows: Sequence[Row], here: str) -> MenuItem:
    page = next((row for row in rows if len(row.menu) == 1), None)
    below = tuple(MenuItem(row.menu[1], row.path, row.path == here) for row in rows if len(row.menu) > 1)
    return MenuItem(top, page.path if page else "", page is not None and page.path == here, below)
