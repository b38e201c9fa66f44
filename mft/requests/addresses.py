"""What a form asks for in addresses, understood and weighed one by one (facts 0.7, 0.8, 0.10).

An address is added to a list, never put in the place of another (fact 0.17).  Nothing is listed here.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from mft.model.account import AllowlistEntry
from mft.model.errors import Invalid
from mft.model.network import AddressRange
from mft.model.request import AskedAddress
from mft.policy.allowlist import AllowlistRules, Fit, NeedsApproval, Unfit, judge


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What may be listed: how many are too many, and which networks count as public on trial."""

    counts: AllowlistRules = field(default_factory=AllowlistRules)
    trial: tuple[AddressRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Weighed:
    """One address, block or range that is asked for, and what became clear about it."""

    asked: AskedAddress
    addresses: AddressRange | None = None
    """What was understood; None when nothing was."""
    unfit: str | None = None
    """Why it is never listed."""
    waits: str | None = None
    """Why it will wait for a second person once the request is approved."""


def weigh(
    asked: Iterable[AskedAddress], listed: Collection[AllowlistEntry], rules: AddressRules, now: datetime
) -> Iterator[Weighed]:
    """Yield what becomes of each address that is *asked* for beside those *listed* at *now*."""
    known = {entry.addresses: entry.until for entry in listed}
    total = sum(entry.addresses.size for entry in listed if entry.stands(now))
    for one in asked:
        weighed = _one(one, known, total, rules, now)
        if weighed.addresses is not None and weighed.unfit is None:
            known[weighed.addresses] = one.until
            total += 0 if weighed.waits else weighed.addresses.size
        yield weighed


def _one(
    one: AskedAddress, known: dict[AddressRange, datetime | None], total: int, rules: AddressRules, now: datetime
) -> Weighed:
    try:
        addresses = AddressRange.parse(one.text)
    except Invalid as error:
        return Weighed(one, unfit=str(error))
    if one.until is not None and one.until <= now:
        return Weighed(one, addresses, f"{addresses} would end at {one.until:%Y-%m-%d %H:%M UTC}, which is over")
    if addresses in known and ((ends := known[addresses]) is None or ends > now):
        return Weighed(one, addresses, f"{addresses} is named twice, or on the list already")
    match judge(addresses, total, rules.counts, rules.trial):
        case Unfit(why):
            return Weighed(one, addresses, why)
        case NeedsApproval(why):
            return Weighed(one, addresses, waits=why)
        case Fit():
            return Weighed(one, addresses)
