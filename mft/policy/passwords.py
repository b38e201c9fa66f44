"""Is a new password fit to be one?  Pure; how easy it is to guess is measured by mft.crypto.strength.

Length and guessing decide, not classes of characters, and a password is never asked for anew because
of its age (NIST SP 800-63B, 3.1.1.2).  The sentence returned is shown to the person who typed it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SHORTEST_NAME: Final = 4
"""Shorter names occur in ordinary words by chance."""


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a password must measure up to; characters are counted after normalisation."""

    shortest: int = 15
    longest: int = 256
    least_score: int = 3
    """zxcvbn's scale, 0 to 4; 3 is "safely unguessable" against an offline attack on a slow hash."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How hard a password is to guess: zxcvbn's score and its advice in words."""

    score: int
    advice: str


def judge_password(password: str, *, names: Iterable[str], strength: Strength, rules: PasswordRules) -> str | None:
    """Return why *password* is not fit for an account that goes by *names*, or None if it is fit."""
    if len(password) < rules.shortest:
        return f"A password has at least {rules.shortest} characters."
    if len(password) > rules.longest:
        return f"A password has at most {rules.longest} characters."
    folded = password.casefold()
    for name in names:
        if len(name) >= SHORTEST_NAME and name.casefold() in folded:
            return f"A password must not contain a name that belongs to the account, such as {name!r}."
    if strength.score < rules.least_score:
        return f"This password is easy to guess. {strength.advice}".strip()
    return None


def names_of(account: str, organization: str, email: str, *titles: str) -> tuple[str, ...]:
    """Return the names that a password must not contain; a title counts as a whole, with and without spaces.

    Single words of a title are too ordinary to forbid; as hints they lower zxcvbn's score.
    """
    local = email.partition("@")[0]
    run_together = ["".join(title.split()) for title in titles]
    return tuple(dict.fromkeys(name for name in (account, organization, local, *titles, *run_together) if name))
