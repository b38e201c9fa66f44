"""A source that owes a penalty gets no form to sign in with until the debt has run off; whoever is in stays in.

It is the table of the SFTP door: what was refused there counts here, and the other way round.
"""

from mft.model.errors import Exhausted
from mft.policy.penalties import Offence
from mft.web.portal.frame import Visitor


class KeptOut(Exhausted):
    """Too much was refused to this source lately."""


async def demand_welcome(visitor: Visitor) -> None:
    """Let *visitor* come to the forms before a sign-in.  Raises KeptOut, Unavailable."""
    parts = visitor.parts
    penalty = await parts.offload.read(parts.penalties.standing, visitor.source)
    if penalty is not None:
        raise KeptOut(f"{penalty.source} is kept out until {penalty.until:%H:%M:%S} UTC; mft penalty list shows more")


def charge(visitor: Visitor) -> None:
    """Charge the source of *visitor* for a refused secret, soon; the same whoever they said they are."""
    visitor.parts.charges.add(visitor.source, Offence.REFUSED)
