"""Write a configuration file from the model, every key with its description.

The committed ``config/mft.example.toml`` is what ``render()`` returns; a test compares them.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mft.settings.load import Key
from mft.settings.model import Settings

_HEADER: Final = """\
# The configuration of an MFT server.
#
# Every key is shown with its default; only what differs has to be in the file.  An unknown key stops
# the start.  MFT_<KEY> in the environment overrides a key (MFT_SFTP__CHACHA20=true), and so do the
# systemd credentials master_key, audit_key and database_url.  Relative paths start at this file's folder.
"""


def render(changes: Mapping[Key, Any] | None = None) -> str:
    """Return the file: defaults commented out, the keys in *changes* set."""
    changes = dict(changes or {})
    lines = [_HEADER, *_table(Settings, (), changes, Settings().model_dump(mode="json"))]
    if changes:
        raise KeyError(", ".join(".".join(key) for key in changes))
    return "\n".join(lines).rstrip() + "\n"


def _table(model: type[BaseModel], above: Key, changes: dict[Key, Any], defaults: Mapping[str, Any]) -> Iterator[str]:
    nested: list[tuple[Key, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        key = (*above, name)
        if (inner := _model_in(field)) is not None:
            nested.append((key, inner))
        else:
            yield from _described(field)
            yield _line(name, changes.pop(key)) if key in changes else "# " + _line(name, defaults[name])
            yield ""
    for key, inner in nested:
        yield from _section(model.model_fields[key[-1]], key, inner, changes, defaults[key[-1]])


def _section(
    field: FieldInfo, key: Key, inner: type[BaseModel], changes: dict[Key, Any], defaults: Any
) -> Iterator[str]:
    yield from _described(field)
    if field.annotation is inner:
        yield f"[{'.'.join(key)}]"
        yield from _table(inner, key, changes, defaults)
        return
    # A list of tables: each change is a mapping; the default is shown as one commented table.
    for row in changes.pop(key, ()):
        yield f"[[{'.'.join(key)}]]"
        yield from _table(inner, (), {(name,): value for name, value in row.items()}, defaults[0])
        return
    yield f"# [[{'.'.join(key)}]]"
    yield from (
        line if line.startswith("#") or not line else f"# {line}" for line in _table(inner, (), {}, defaults[0])
    )


def _model_in(field: FieldInfo) -> type[BaseModel] | None:
    inner = getattr(field.annotation, "__args__", (field.annotation,))[0]
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _described(field: FieldInfo) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(field.description or "", 108))


def _line(name: str, value: Any) -> str:
    return f"{name} = {_toml(value)}"


def _toml(value: Any) -> str:
    """Return *value* as TOML writes it; JSON's strings, numbers, booleans and lists are TOML's, its objects are not."""
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {_toml(of)}" for key, of in value.items()) + "}"
        )
    return json.dumps(value, ensure_ascii=False)
