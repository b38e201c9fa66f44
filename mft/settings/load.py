"""Read the configuration once: the file, then the environment, then systemd credentials.

What is wrong stops the start.  The message names the key, where it came from and the mend, and never
a value: a value may be a secret.
"""

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mft.model.errors import Invalid
from mft.settings.model import Settings

PREFIX: Final = "MFT_"
NOT_SETTINGS: Final = frozenset({"MFT_CONFIG", "MFT_AS", "MFT_REASON"})
"""Variables that the command line reads for itself."""

_CREDENTIAL_PATHS: Final = {
    "master_key": ("master_key",),
    "audit_key": ("audit", "signing_key"),
    "smtp_password": ("mail", "password_file"),
    "portal_key": ("portal", "private_key"),
    "oidc_secret": ("oidc", "client_secret_file"),
    "ldap_password": ("directory", "bind_password_file"),
}
_CREDENTIAL_VALUES: Final = {"database_url": ("database_url",)}
PATHS: Final = (
    ("data",),
    ("master_key",),
    ("sftp", "host_keys"),
    ("audit", "signing_key"),
    ("mail", "ca_file"),
    ("mail", "password_file"),
    ("mail", "templates"),
    ("requests", "agreements"),
    ("portal", "certificate"),
    ("portal", "private_key"),
    ("oidc", "client_secret_file"),
    ("oidc", "ca_file"),
    ("directory", "ca_file"),
    ("directory", "bind_password_file"),
    ("directory", "trial_file"),
)
"""Settings that are paths; relative ones start at the file's own folder."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, the file they came from, and where each key that is not a default came from."""

    settings: Settings
    file: Path
    origins: Mapping[Key, str]


def load(file: Path, environ: Mapping[str, str] | None = None) -> Loaded:
    """Return the configuration in *file* as the environment and credentials override it.  Raises Invalid."""
    environ = os.environ if environ is None else environ
    tree = _parsed(file)
    origins = dict.fromkeys(_leaves(tree), str(file))
    for key, value, origin in (*_from_environment(environ), *_from_credentials(environ)):
        _put(tree, key, value)
        origins[key] = origin
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise Invalid("\n".join(_explained(detail, origins, file) for detail in error.errors())) from None
    return Loaded(_anchored(settings, file.absolute().parent), file.absolute(), origins)


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise Invalid(f"{file}: there is no such file; make one with mft init, or name it with --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{file}: is not TOML: {error}") from None


def _leaves(tree: Mapping[str, Any], above: Key = ()) -> Iterator[Key]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name)


def _put(tree: dict[str, Any], key: Key, value: Any) -> None:
    *tables, name = key
    for table in tables:
        below = tree.setdefault(table, {})
        if not isinstance(below, dict):
            return  # The file holds a plain value there; validation says so.
        tree = below
    tree[name] = value


def keys_of(model: type[BaseModel] = Settings, above: Key = ()) -> Iterator[Key]:
    """Yield every key a file can hold outside lists of tables."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys_of(field.annotation, (*above, name))
        else:
            yield (*above, name)


def variable(key: Key) -> str:
    """Return the environment variable that overrides *key*: ``MFT_SFTP__CHACHA20``."""
    return PREFIX + "__".join(key).upper()


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[Key, Any, str]]:
    known = {variable(key): key for key in keys_of()}
    for name, text in environ.items():
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        if name not in known:
            raise Invalid(f"environment: {name} is not a setting{_close(name, known)}; unset it or correct it")
        yield known[name], _typed(known[name], text), f"environment: {name}"


def _typed(key: Key, text: str) -> Any:
    """Return *text* as the model reads it: lists and tables are written as JSON."""
    if key[-1] in {
        "listeners",
        "trial_networks",
        "penalty_exempt",
        "operators",
        "own",
        "proxy_from",
        "acr",
        "amr",
        "identity_links",
        "group_members",
        "roles",
    }:
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            raise Invalid(f'environment: {variable(key)} is not JSON; write ["127.0.0.0/8"]') from None
    return text


def _from_credentials(environ: Mapping[str, str]) -> Iterator[tuple[Key, Any, str]]:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return
    for name, key in _CREDENTIAL_PATHS.items():
        if (file := Path(folder, name)).is_file():
            yield key, str(file), f"systemd credential: {name}"
    for name, key in _CREDENTIAL_VALUES.items():
        if (file := Path(folder, name)).is_file():
            yield key, file.read_text("utf-8").strip(), f"systemd credential: {name}"


def _explained(detail: ErrorDetails, origins: Mapping[Key, str], file: Path) -> str:
    """Return one line for *detail*: origin, key, what is wrong, what to do."""
    steps = tuple(step for step in detail["loc"] if isinstance(step, str | int))
    key = tuple(str(step) for step in steps)
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    origin = next((where for known, where in origins.items() if known == key[: len(known)]), str(file))
    if detail["type"] == "extra_forbidden":
        names = _siblings(steps[:-1])
        return f"{origin}: {dotted} is not a setting{_close(key[-1], names)}; remove it or correct its name"
    said = detail["msg"].removeprefix("Value error, ")
    return f"{origin}: {dotted}: {said}" if dotted else f"{origin}: {said}"


def _siblings(steps: tuple[str | int, ...]) -> list[str]:
    """Return the names that may stand in the table at *steps*."""
    model: type[BaseModel] = Settings
    for step in steps:
        if isinstance(step, int):
            continue
        found = model.model_fields[step].annotation
        inner = getattr(found, "__args__", (found,))[0]
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)


def _close(name: str, names: Mapping[str, Any] | list[str]) -> str:
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f", perhaps {close[0]}" if close else ""


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Return *settings* with every relative path starting at the file's own *folder*."""
    changes: dict[str, Any] = {}
    for key in PATHS:
        value: Any = settings
        for name in key:
            value = getattr(value, name)
        if value is not None:
            _put(changes, key, folder / value)
    return settings.model_copy(
        update={
            name: getattr(settings, name).model_copy(update=value) if isinstance(value, dict) else value
            for name, value in changes.items()
        }
    )
