"""SFTP Account Setup/Update (facts 2.2 to 2.9): prove the directory's password here, agree, and it works over SFTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from starlette.responses import Response

from mft.accounts.portal_answers import Over
from mft.accounts.setup_answers import (
    Closed,
    NoDirectory,
    NotAgreed,
    NotYou,
    SetUp,
    SetupView,
    TooOften,
    TryLater,
    Unusable,
    WrongPassword,
)
from mft.model.directory import SetupState
from mft.web.portal.frame import SIGN_IN, Banner, Visitor
from mft.web.portal.setup_banner import PATH, TITLE, setup_banners

__all__ = ["PATH", "TITLE", "setup", "setup_form"]

_PAGE: Final = "setup.html"
_DONE: Final = "done"
_AGREED: Final = "yes"
_FIELDS: Final = ("user", "password", "agreed")


@dataclass(frozen=True, slots=True)
class _Said:
    """What the page says to an answer; *faults* stand beside their fields."""

    status: int
    title: str
    text: str
    faults: Mapping[str, str] = field(default_factory=dict)


_SAID: Final[Mapping[type, _Said]] = {
    NotAgreed: _Said(
        400,
        "The box is not ticked",
        "Read the statement above the button and tick the box if you agree. Nothing was asked or changed yet.",
        {"agreed": "Tick the box to agree."},
    ),
    NotYou: _Said(
        403,
        "This is not your User ID",
        "Type the User ID of the person who is signed in here. Nobody can set up somebody else's account. "
        "If it is yours, it may have been noted differently for your account: ask {support}.",
        {"user": "Type your own User ID."},
    ),
    WrongPassword: _Said(
        403,
        "The password was not accepted",
        "Type the password that you use for your {identity} today. Passwords are case-sensitive. Nothing was changed. "
        "After several wrong passwords your {identity} may be locked.",
        {"password": "This is not the password of your {identity}."},
    ),
    Unusable: _Said(
        400,
        "This password cannot be typed over SFTP",
        "It is right, and holds a character that SFTP clients cannot send. Choose another password for your "
        "{identity} first. Nothing was changed.",
        {"password": "Choose a password without control characters or characters that no font shows."},
    ),
    TryLater: _Said(
        503,
        "Try again later",
        "Passwords cannot be checked at the moment, so nothing was changed: what worked over SFTP before still works.",
    ),
    TooOften: _Said(
        429,
        "Too many tries",
        "Nothing was asked or changed. Wait a quarter of an hour, make sure of your password, and try again.",
    ),
    Closed: _Said(
        409,
        "SFTP is closed to you",
        "Nothing was changed. The setup was revoked, or your {identity} was disabled. Ask {support}.",
    ),
    NoDirectory: _Said(
        409,
        "There is nothing to set up",
        "Over SFTP you sign on with the password of this site, which you change under My account.",
    ),
}


async def setup_form(visitor: Visitor) -> Response:
    """Show how it stands, and the form."""
    view = await _view(visitor)
    if visitor.request.url.query != _DONE or view.state is not SetupState.ACTIVE:
        return _shown(visitor, view)
    name = visitor.inside.account.name
    text = f"You can sign on with your SFTP client now, with the user name {name} and the password you just typed."
    return _shown(visitor, view, [Banner("success", text, "Your SFTP account is set up")])


async def setup(visitor: Visitor) -> Response:
    """Take user id, password and agreement."""
    form = await visitor.form()
    user, agreed = form.get("user", ""), form.get("agreed", "") == _AGREED
    answer = await visitor.parts.setups.perform(
        visitor.standing,
        visitor.source,
        user,
        form.get("password", ""),
        agreed=agreed,
        text_version=form.get("text_version", ""),
    )
    if isinstance(answer, SetUp):
        return visitor.go(f"{PATH}?{_DONE}")
    if isinstance(answer, Over):
        return visitor.leave(f"{SIGN_IN}?over")
    said = _SAID[type(answer)]
    words = {"support": visitor.parts.support, "identity": visitor.parts.setup_words.identity}
    banner = Banner("error", said.text.format_map(words), said.title)
    faults = {name: said.faults.get(name, "").format_map(words) for name in _FIELDS}
    view = await _view(visitor)
    return _shown(visitor, view, [banner], status=said.status, user=user, faults=faults, agreed=agreed)


async def _view(visitor: Visitor) -> SetupView:
    parts = visitor.parts
    return await parts.offload.read(parts.setups.view, visitor.inside.account.id)


def _shown(visitor: Visitor, view: SetupView, said: Sequence[Banner] = (), **words: Any) -> Response:
    """Show the page; how it stands is said anew, unless there is something else *said* about it."""
    here = replace(visitor, banners=())
    none = dict.fromkeys(_FIELDS, "")
    known: dict[str, Any] = {"words": visitor.parts.setup_words, "user": "", "agreed": False, "faults": none}
    known |= {"view": view, "revoked": view.state is SetupState.REVOKED}
    return here.show(_PAGE, banners=said or setup_banners(view, visitor), **known | words)
