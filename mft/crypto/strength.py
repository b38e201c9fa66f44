"""How easily a password is guessed.  Measures; whether that is too easily, policy says."""

from collections.abc import Sequence
from threading import Lock
from typing import Final

from zxcvbn import zxcvbn

_LONGEST: Final = 72  # zxcvbn refuses more; what is beyond only makes guessing harder.

# zxcvbn keeps the hints of the call in a table of its module: two calls at once would swap them.
_one_at_a_time: Final = Lock()


def score(password: str, hints: Sequence[str]) -> tuple[int, str]:
    """Return ``(score, advice)``: 0 (guessed at once) to 4 (not worth trying), and what would make it better.

    *hints* are words that a guesser would try first for this account: its name, organization, mail address.
    The advice is one of a few fixed sentences and repeats no part of the password.
    """
    if not password:
        return 0, "Choose a password."
    with _one_at_a_time:
        found = zxcvbn(password[:_LONGEST], user_inputs=list(hints), max_length=_LONGEST)
    feedback = found["feedback"]
    advice = " ".join(filter(None, [feedback["warning"], *feedback["suggestions"]]))
    return int(found["score"]), advice
