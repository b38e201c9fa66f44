"""Which statements run meanwhile, whichever way they go to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import event

from mft.store.engine import Connection, Store
from mft.store.prepared import Prepared

_WORK = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """Collect the statements that run meanwhile, but for the transaction's own."""
    seen: list[str] = []
    run = Prepared._run  # noqa: SLF001  (the one place where all of them pass)

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith(_WORK):
            seen.append(statement)

    def noted(self: Prepared, connection: Connection, form: Any, binds: dict[str, Any]) -> Any:
        seen.append(form.text)
        return run(self, connection, form, binds)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        with patch.object(Prepared, "_run", noted):
            yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
