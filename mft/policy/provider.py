"""Whether a provider vouches for a second factor.  Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from mft.model.portal import Factor


@dataclass(frozen=True, slots=True)
class MfaTerms:
    """What of acr and amr means that there were two factors; with neither, nothing does."""

    acr: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()


def second_factor(acr: str, amr: Iterable[str], terms: MfaTerms) -> str | None:
    """Return what vouches for a second factor, in a word for the trail; None if nothing does.

    That the provider asked for one is never taken for granted: it has to say so, in these words.
    """
    meant = acr if acr in terms.acr else next((word for word in amr if word in terms.amr), "")
    # Factors are kept split by commas.
    return f"{Factor.OIDC.value}:{meant.replace(',', ' ')}" if meant else None
