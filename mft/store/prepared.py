"""A statement compiled once, and run by the driver itself.

SQLAlchemy looks at a statement anew at each execution and wraps each row: about 60 µs around a
query that SQLite answers in 5.  What runs for every request of a session goes this way; the
statement is still SQLAlchemy's, for both databases, and so are the types that its values pass.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Column, Connection, Dialect, bindparam, literal_column
from sqlalchemy.exc import CompileError, DBAPIError
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.sql.sqltypes import NullType
from sqlalchemy.sql.visitors import replacement_traverse

_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one dialect says it."""

    text: str
    order: tuple[str, ...] | None
    """The binds as the driver counts them; None where it names them."""
    fixed: dict[str, Any]
    """Binds whose value the statement brings along and does not say in its text."""
    binds: tuple[tuple[str, _Convert], ...]
    """What the driver does not take as it is."""
    columns: tuple[tuple[int, _Convert], ...]
    """The columns that the driver does not give as they are meant."""
    names: tuple[str, ...]
    """What the columns are called, in order."""


def new_values(columns: Iterable[Column[Any]]) -> dict[Column[Any], BindParameter[Any]]:
    """Return what an INSERT or UPDATE sets: each of *columns* to the bind ``new_<its name>``."""
    return {column: bindparam(f"new_{column.name}", type_=column.type) for column in columns}


class Prepared:
    """One statement.  Safe to be used by several threads; a bind may not stand for a list of values."""

    def __init__(self, statement: ClauseElement) -> None:
        """Compile *statement* when a dialect first needs it."""
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def rows(self, connection: Connection, **binds: Any) -> list[tuple[Any, ...]]:
        """Run in the transaction of *connection* and return every row.  Raises DBAPIError."""
        form = self._form(connection)
        found: list[tuple[Any, ...]] = self._run(connection, form, binds).fetchall()
        return [_converted(row, form.columns) for row in found] if form.columns else found

    def named(self, connection: Connection, **binds: Any) -> list[dict[str, Any]]:
        """Run and return every row as its values by the names of their columns.  Raises DBAPIError."""
        rows = self.rows(connection, **binds)
        names = self._form(connection).names
        return [dict(zip(names, row, strict=True)) for row in rows]

    def first(self, connection: Connection, **binds: Any) -> tuple[Any, ...] | None:
        """Run and return the first row, or None.  Raises DBAPIError."""
        form = self._form(connection)
        found: tuple[Any, ...] | None = self._run(connection, form, binds).fetchone()
        return found if found is None else _converted(found, form.columns)

    def run(self, connection: Connection, **binds: Any) -> int:
        """Run what returns no rows, and return how many it touched.  Raises DBAPIError."""
        touched: int = self._run(connection, self._form(connection), binds).rowcount
        return touched

    def _run(self, connection: Connection, form: _Form, binds: dict[str, Any]) -> Any:
        for name, convert in form.binds:
            if name in binds:
                binds[name] = convert(binds[name])
        if form.fixed:
            binds = form.fixed | binds
        values: Any = binds if form.order is None else [binds[name] for name in form.order]
        driver: Any = connection.connection.dbapi_connection
        if not (getattr(driver, "in_transaction", False) or connection.in_transaction()):
            connection.begin()
        try:
            return driver.execute(form.text, values)
        except connection.dialect.loaded_dbapi.Error as error:
            raise _failed(connection, form, error) from error

    def _form(self, connection: Connection) -> _Form:
        form = self._forms.get(connection.dialect.name)
        if form is None:
            form = self._forms[connection.dialect.name] = _compiled(self._statement, connection.dialect)
        return form


def _compiled(statement: ClauseElement, dialect: Dialect) -> _Form:
    said: Any = _spelled_out(statement, dialect).compile(dialect=dialect)
    if said.post_compile_params or said.literal_execute_params:
        raise CompileError(f"a prepared statement takes no list of values: {said}")
    binds = {}
    for bind, name in said.bind_names.items():
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            binds[name] = convert
    fixed = {
        name: binds[name](bind.value) if name in binds else bind.value
        for bind, name in said.bind_names.items()
        if not bind.required
    }
    columns = []
    found = said._result_columns  # noqa: SLF001  (what its own results read)
    for number, column in enumerate(found):
        convert = column.type.dialect_impl(dialect).result_processor(dialect, None)
        if convert is not None:
            columns.append((number, convert))
    order = None if said.positiontup is None else tuple(said.positiontup)
    return _Form(
        str(said), order, fixed, tuple(binds.items()), tuple(columns), tuple(column.keyname for column in found)
    )


def _spelled_out(statement: ClauseElement, dialect: Dialect) -> Any:
    """Return *statement* with the values that it compares with as part of its text.

    SQLite plans a statement anew, at several times its cost, whenever a value is bound that decides
    whether an index over some of the rows will do.
    """

    def literal(element: Any, **_: Any) -> Any:
        if not isinstance(element, BindParameter) or element.required or element.expanding:
            return None
        if isinstance(element.type, NullType):  # What a column is set to takes its type from there, later.
            return None
        said = str(element.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        # A driver that takes % for a bind wants it twice, and it is doubled again with the whole statement.
        return literal_column(said.replace("%%", "%") if dialect.paramstyle == "pyformat" else said, element.type)

    return replacement_traverse(statement, {}, literal)


def _converted(row: tuple[Any, ...], columns: tuple[tuple[int, _Convert], ...]) -> tuple[Any, ...]:
    values = list(row)
    for number, convert in columns:
        values[number] = convert(values[number])
    return tuple(values)


def _failed(connection: Connection, form: _Form, error: Exception) -> BaseException:
    """Return *error*, the driver's, as SQLAlchemy says it; a connection that is gone is not used again."""
    driver = connection.connection.dbapi_connection
    gone = connection.dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]  # It is the driver's own.
    if gone:
        connection.invalidate(error)
    dialect = connection.dialect
    return DBAPIError.instance(
        *(form.text, None, error, dialect.loaded_dbapi.Error),
        hide_parameters=True,
        connection_invalidated=gone,
        dialect=dialect,
    )
