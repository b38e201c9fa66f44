"""``mft mail``: the letters on their way out, and whether mail can be sent at all.

Never shows whom a letter is for or what it says.
"""

from typing import Final

import click

from mft.cli.desk import Desk, operates
from mft.cli.show import Answer, Done, Rows
from mft.model.account import checked_email
from mft.model.errors import Invalid
from mft.model.ids import LetterId
from mft.model.staff import Act
from mft.notify.port import Deferred, Refused
from mft.store.outbox import LetterState

_COLUMNS: Final = ("id", "template", "state", "queued_at", "attempts", "last_error", "next_try_at")
_USUAL: Final = 200


@click.group("mail")
def mail_command() -> None:
    """Letters on their way out, and whether mail can be sent."""


@mail_command.command("list")
@click.option("--state", type=click.Choice([state.value for state in LetterState]), help="Only letters in this state.")
@click.option("--limit", type=click.IntRange(1), default=_USUAL, show_default=True, help="At most so many.")
@operates(Act.SEE_JOBS)
def listing(desk: Desk, state: str | None, limit: int) -> Answer:
    """List letters, the newest first: what kind, how often tried, what went wrong; never whom for or what in them."""
    rows = [
        {
            "id": one.id,
            "template": one.template,
            "state": one.state,
            "queued_at": one.queued_at,
            "attempts": one.attempts,
            "last_error": one.last_error,
            "next_try_at": one.next_try_at,
            "sent_at": one.sent_at,
            "given_up_at": one.given_up_at,
        }
        for one in desk.house.post.listing(LetterState(state) if state else None, limit)
    ]
    return Rows(_COLUMNS, rows, nothing="There are no such letters.")


@mail_command.command("test")
@click.argument("address")
@operates(Act.RUN_JOBS)
def test(desk: Desk, address: str) -> Answer:
    """Send one letter to ADDRESS now, as the settings say, and tell what the mail server answered."""
    recipient = checked_email(address)
    try:
        answer = desk.house.post.try_out(recipient, desk.actor.name)
    except (Refused, Deferred) as error:
        # Here whoever asked named the recipient, so the whole answer may be shown.
        raise type(error)(f"{error} ({error.answer}); check the address and the [mail] settings") from None
    return Done(f"the mail server took the letter: {answer}", {"address": recipient, "answer": answer})


@mail_command.command("retry")
@click.argument("letter", required=False)
@click.option("--all", "every", is_flag=True, help="Every letter that waits.")
@operates(Act.RUN_JOBS)
def retry(desk: Desk, letter: str | None, every: bool) -> Answer:  # noqa: FBT001  (click names it)
    """Try the waiting LETTER, or with --all every one, now and not when its pause is over."""
    if (letter is None) != every:
        raise Invalid("name one letter, or say --all, and not both; mft mail list --state waiting shows what waits")
    done = desk.house.post.hurry(None if letter is None else LetterId(letter))
    said = f"{done.sent} sent, {done.given_up} given up, {done.waiting} still waiting"
    return Done(said, {"sent": done.sent, "given_up": done.given_up, "waiting": done.waiting})
