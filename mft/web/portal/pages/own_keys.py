"""One's own SSH keys: seen, added and taken away.  A change asks for the password, since a browser may stand open."""

from typing import Final

from starlette.responses import Response

from mft.model.errors import Conflict, Invalid, NotFound
from mft.web.portal.frame import Banner, Visitor
from mft.web.portal.pages.signin import stopped

_PAGE: Final = "account/keys.html"
_INVALID: Final = 400
_NO_KEY: Final = Banner(
    "error",
    "This is not a public SSH key that can be used. Paste the one line of a .pub file: it begins with "
    "ssh-ed25519, ecdsa-sha2-… or ssh-rsa (3072 bits or more). Never paste a private key.",
)
_TAKEN: Final = Banner("error", "This key is on an account already.")
_WAITS: Final = "The key {} waits: it opens nothing until it is approved. You get a mail when it is."
_GONE: Final = Banner("info", "That key was taken away already.")


async def keys_form(visitor: Visitor) -> Response:
    """List them, with a form for another."""
    return await _page(visitor)


async def add(visitor: Visitor) -> Response:
    """Take another key."""
    form = await visitor.form()
    parts, name = visitor.parts, visitor.inside.account.name
    answer = await parts.own_secrets.proves(visitor.standing, form.get("password", ""), visitor.source, visitor.client)
    if answer is not None:
        return await stopped(visitor, answer, _PAGE, keys=await _keys(visitor))
    key, label = form.get("key", ""), form.get("label", "")
    try:
        added = await parts.offload.write(parts.own_keys.add, visitor.actor, name, key, label)
    except Invalid:
        return await _page(visitor, _NO_KEY, _INVALID)
    except Conflict:
        return await _page(visitor, _TAKEN, _INVALID)
    if added.waiting:
        return await _page(visitor, Banner("info", _WAITS.format(added.fingerprint)))
    return await _page(visitor, Banner("success", f"The key {added.fingerprint} is added."))


async def remove(visitor: Visitor) -> Response:
    """Take a key away; what it opened ends."""
    form = await visitor.form()
    parts, name = visitor.parts, visitor.inside.account.name
    answer = await parts.own_secrets.proves(visitor.standing, form.get("password", ""), visitor.source, visitor.client)
    if answer is not None:
        return await stopped(visitor, answer, _PAGE, keys=await _keys(visitor))
    which = form.get("which", "")
    try:
        gone = await parts.offload.write(parts.credentials.remove_key, visitor.actor, name, which)
    except NotFound:
        return await _page(visitor, _GONE)
    return await _page(visitor, Banner("success", f"The key {gone.fingerprint} is taken away."))


async def _page(visitor: Visitor, banner: Banner | None = None, status: int = 200) -> Response:
    return visitor.show(_PAGE, status=status, banners=(banner,) if banner else (), keys=await _keys(visitor))


async def _keys(visitor: Visitor) -> object:
    return await visitor.parts.offload.read(visitor.parts.credentials.keys, visitor.inside.account.name)
