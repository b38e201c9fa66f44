"""What stands above every page while something has to be set up before SFTP takes somebody's password."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from mft.accounts.setup_answers import SetupView
from mft.model.directory import SetupState
from mft.model.errors import Unavailable
from mft.policy.portal import sees_setup
from mft.web.portal.frame import Banner, Visitor
from mft.web.portal.rendering import day

PATH: Final = "/setup"
TITLE: Final = "SFTP Account Setup/Update"

_NEVER: Final = Banner(
    "info",
    "Before you sign on with an SFTP client for the first time, set it up with your {identity} and password.",
    "SFTP is not set up yet",
)
_OF_STATES: Final[Mapping[SetupState, Banner]] = {
    SetupState.UNATTESTED: Banner(
        "warning",
        "SFTP does not take your {identity} password until you have agreed to the statement and set it up.",
        "SFTP needs to be set up",
    ),
    SetupState.STALE: Banner(
        "warning",
        "The password of your {identity} was changed. SFTP takes neither the old nor the new one "
        "until you have set it up again with the new one.",
        "Your password has changed: set up SFTP again",
    ),
    SetupState.REVOKED: Banner(
        "error",
        "SFTP is closed to you, since your {identity} was disabled or the setup was revoked. Ask {support}.",
        "SFTP is closed",
    ),
}
_NOT_YET: Final = (None, SetupState.UNATTESTED)
_DUE: Final = Banner(
    "info",
    "The statement that you agreed to has a new text. Set up SFTP again before {day}: from then on it does not "
    "take your {identity} password until you have.",
    "Agree to the new statement",
)


async def standing_banners(visitor: Visitor) -> tuple[Banner, ...]:
    """Return what stands above every page for *visitor*; nothing for those who do not see the setup page."""
    parts, insider = visitor.parts, visitor.insider
    if insider is None or not parts.has_directory or not sees_setup(insider.organization.kind):
        return ()
    try:
        view = await parts.offload.read(parts.setups.view, insider.account.id)
    except Unavailable:
        # The setup page says so; no other has to fail for it.
        return ()
    return setup_banners(view, visitor)


def setup_banners(view: SetupView, visitor: Visitor) -> tuple[Banner, ...]:
    """Return what is to be said of *view*; mostly nothing.  On the setup page itself it leads nowhere."""
    if not view.external_id:
        return ()
    banner = _banner(view)
    if banner is None:
        return ()
    words = {
        "identity": visitor.parts.setup_words.identity,
        "support": visitor.parts.support,
        "day": day(view.must_renew_by),
    }
    # Whoever is shut out finds nothing to do there.
    leads = view.state is not SetupState.REVOKED and visitor.place != PATH
    text = banner.text.format_map(words)
    return (replace(banner, text=text, link=PATH if leads else "", link_text=TITLE if leads else ""),)


def _banner(view: SetupView) -> Banner | None:
    if view.state in _NOT_YET and view.attested_at is None:
        return _NEVER
    if view.state is SetupState.ACTIVE:
        return _DUE if view.must_renew_by is not None else None
    return _OF_STATES.get(view.state) if view.state else None
