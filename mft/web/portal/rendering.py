"""Templates become pages: escaped always, and a word that is missing is a defect, not a blank."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE: Final = Path(__file__).parent
STATIC: Final = HERE.parent / "static"


def environment() -> Environment:
    """Return where every template comes from; what people typed is never one."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"moment": moment, "day": day}
    made.globals |= {"static": StaticUrls()}
    return made


def moment(value: datetime | None) -> str:
    """Return *value* as pages write it; the footer says once that it is UTC (fact 0.27)."""
    return "never" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def day(value: datetime | None) -> str:
    """Return the day of *value*."""
    return "never" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d")


class StaticUrls:
    """Gives a file of ours an address that changes with its content, so that browsers may keep it for ever."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """Return the address of the file *name* below ``static``."""
        if name not in self._known:
            self._known[name] = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
        return f"/static/{name}?v={self._known[name]}"


def page(templates: Environment, name: str, words: dict[str, Any]) -> str:
    """Return the page that the template *name* makes of *words*."""
    return templates.get_template(name).render(words)
