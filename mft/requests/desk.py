"""Access requests: submitting, listing, approving, denying, withdrawing (facts 0.5 to 0.13, 0.17).

A request is checked whole when it comes in and again, by the rooms that act, when it is approved; its
decision, what it does and the lines of the trail are one transaction.  That it is late or expired is
decided at use; tidying only writes it down.  Nobody is admitted here and no password is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from mft.accounts.agreements import Agreements, AgreementText
from mft.accounts.records import checked_remark, known_organization
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.errors import Conflict, Invalid, NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.letter import Letter
from mft.model.request import AccessRequest, RequestKind, RequestState, Signature
from mft.model.rights import format_rights
from mft.model.session import Actor, Door
from mft.policy.requests import RequestTerms, state_of, urgency
from mft.requests import letters
from mft.requests.addresses import AddressRules, Weighed, weigh
from mft.requests.checks import faults_of
from mft.requests.form import RequestForm, Unfit
from mft.requests.fulfilment import Approval, Approved, Fulfilment, Rights
from mft.requests.intake import demand_room, known_about, new_request
from mft.store import allowlist, organizations, outbox, requests
from mft.store.engine import Connection, Store

_PAGE: Final = 200
_TIDIER: Final = Actor(Door.JOBS, "requests")


class AccessRequests:
    """The requests of all organizations."""

    def __init__(
        self,
        store: Store,
        trail: Trail,
        clock: Clock,
        terms: RequestTerms,
        rules: AddressRules,
        agreements: Agreements,
        fulfilment: Fulfilment,
    ) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._terms = terms
        self._rules = rules
        self._agreements = agreements
        self._fulfilment = fulfilment

    def agreement(self, name: str | None = None) -> AgreementText:
        """Return the agreement that has to be accepted, or the one called *name*.

        Raises NotFound, Unavailable, and Conflict when its text is not the one that was accepted before.
        """
        with self._store.read() as connection:
            return self._agreements.named(connection, name or self._agreements.name)

    def submit(self, actor: Actor, form: RequestForm, *, source: str) -> AccessRequest:
        """Take a form in.  *source* is the address it came from, or the door where it was typed in.

        Raises Unfit with every fault of the form; Conflict when the same is asked for already, or the
        agreement's text is not what it was; Exhausted when no seat is left (fact 0.5); Unavailable.
        """
        with self._store.write() as connection:
            now = self._clock.now()
            known = known_about(connection, form, self._agreements.name, self._rules, now)
            faults = faults_of(form, known)
            if faults:
                raise Unfit(faults)
            signature = self._sign(connection, form, source, now)
            request = new_request(actor, form, known, self._terms, signature)
            organization = organizations.by_id(connection, request.organization)
            demand_room(connection, request, organization)
            requests.add(connection, request)
            asked = {"addresses": ", ".join(one.text for one in request.addresses), "source": source}
            self._record(connection, Action.REQUEST_SUBMITTED, actor, request, now, asked)
            if signature is not None:
                self._record(connection, Action.AGREEMENT_SIGNED, actor, request, now, _signed(signature))
            _post(connection, letters.received(request, organization), now)
            return request

    def get(self, number: str) -> AccessRequest:
        """Return the request of that id.  Raises NotFound."""
        with self._store.read() as connection:
            return _found(connection, number)

    def listing(self, state: RequestState | None = None, organization: str | None = None) -> list[AccessRequest]:
        """Return every request, or those in one state or of one organization: overdue first, then what waits.

        Raises NotFound.
        """
        now = self._clock.now()
        with self._store.read() as connection:
            within = known_organization(connection, organization).id if organization is not None else None
            found = requests.listing(connection, within)
        wanted = [one for one in found if state in {None, state_of(one, now)}]
        return sorted(wanted, key=lambda one: (urgency(one, now), one.id))

    def weighed(self, request: AccessRequest) -> tuple[Weighed, ...]:
        """Return what became clear about each address of an open *request*."""
        with self._store.read() as connection:
            listed = allowlist.of_account(connection, request.account) if request.account else []
        return tuple(weigh(request.addresses, listed, self._rules, self._clock.now()))

    def approve(self, actor: Actor, number: str, rights: Rights | None = None, *, password: bool = False) -> Approved:
        """Do what the request asks for, all of it or nothing.

        A new account may do in its organization's folders what its kind says, or *rights*; it gets a
        temporary password unless it is an unattended job with keys, and *password* does not ask for one.
        Raises NotFound, Conflict when it is open no more or what it asks for is no more possible,
        Exhausted when no seat is left, Invalid.
        """
        with self._store.read() as connection:
            request = _open_one(connection, number, self._clock.now())
        if request.kind is not RequestKind.ADD and (rights is not None or password):
            raise Invalid(f"{number} asks for no new account; approve it without rights or a password")
        prepared = self._fulfilment.prepare(request, password=password)
        with self._store.write() as connection:
            now = self._clock.now()
            request = self._decide(connection, actor, number, RequestState.APPROVED, now)
            organization = organizations.by_id(connection, request.organization)
            approval = Approval(actor, rights, prepared, now)
            done = self._fulfilment.carry_out(connection, request, organization, approval)
            requests.belongs(connection, request.id, done.account.id)
            if request.kind is RequestKind.ADD:
                outbox.belong(connection, request.id, done.account.id)
            request = replace(request, account=done.account.id)
            self._record(connection, Action.REQUEST_APPROVED, actor, request, now, _did(done))
            until = done.password.expires_at if done.password else None
            _post(connection, letters.approved(request, organization, until, len(done.waiting)), now)
        if request.kind is RequestKind.REMOVE:
            self._store.scrub()
        return done

    def deny(self, actor: Actor, number: str, reason: str) -> AccessRequest:
        """Refuse the request and say why.  Raises NotFound, Conflict when it is open no more, Invalid."""
        why = checked_remark(reason)
        if not why:
            raise Invalid("a denial needs a reason; the person and the auditor will read it")
        with self._store.write() as connection:
            now = self._clock.now()
            request = self._decide(connection, actor, number, RequestState.DENIED, now, why)
            self._record(connection, Action.REQUEST_DENIED, actor, request, now, {"reason": why})
            organization = organizations.by_id(connection, request.organization)
            _post(connection, letters.denied(request, organization, why), now)
            return _found(connection, number)

    def withdraw(self, actor: Actor, number: str, reason: str = "") -> AccessRequest:
        """Take the request back before anybody decided.  Raises NotFound, Conflict when somebody did, Invalid."""
        why = checked_remark(reason)
        with self._store.write() as connection:
            now = self._clock.now()
            request = self._decide(connection, actor, number, RequestState.WITHDRAWN, now, why)
            self._record(connection, Action.REQUEST_WITHDRAWN, actor, request, now, {"reason": why})
            return _found(connection, number)

    def tidy(self) -> int:
        """Write down, once for each, which requests expired; return how many.  They were refused before."""
        noted = 0
        while page := self._tidy_page():
            noted += page
        return noted

    def _tidy_page(self) -> int:
        with self._store.write() as connection:
            now = self._clock.now()
            page = requests.outlived(connection, now, _PAGE)
            for request in page:
                requests.expire(connection, request.id)
                since = {"expired_at": request.expires_at.isoformat()}
                self._record(connection, Action.REQUEST_EXPIRED, _TIDIER, request, now, since)
            return len(page)

    def _sign(self, connection: Connection, form: RequestForm, source: str, at: datetime) -> Signature | None:
        """Return the signature under *form*: only a new account's form asks for one (fact 0.6)."""
        if form.kind is not RequestKind.ADD:
            return None
        text = self._agreements.accept(connection, at)
        return Signature(text.name, text.sha256, form.person.strip(), at, source)

    @staticmethod
    def _decide(
        connection: Connection, actor: Actor, number: str, to: RequestState, at: datetime, why: str = ""
    ) -> AccessRequest:
        """Move the request, which must be open, and return it as it was."""
        request = _open_one(connection, number, at)
        # The statement itself moves an open request only, so that no path around this check decides twice.
        if not requests.decide(connection, request.id, to, actor.name, at, why):
            raise Conflict(f"{number} was decided meanwhile; mft request show {number} tells by whom")
        return request

    def _record(
        self,
        connection: Connection,
        action: Action,
        actor: Actor,
        request: AccessRequest,
        at: datetime,
        further: Mapping[str, DetailValue],
    ) -> None:
        organization = organizations.by_id(connection, request.organization).name
        detail = {"request": request.id, "kind": request.kind.value, "organization": organization, **further}
        self._trail.record(connection, Event(action, actor, request.name, detail), at)


def _found(connection: Connection, number: str) -> AccessRequest:
    request = requests.by_id(connection, number)
    if request is None:
        raise NotFound(f"there is no request {number}; mft request list shows them")
    return request


def _open_one(connection: Connection, number: str, now: datetime) -> AccessRequest:
    request = _found(connection, number)
    state = state_of(request, now)
    if state is RequestState.EXPIRED:
        raise Conflict(f"{number} expired on {request.expires_at:%Y-%m-%d}; a new request is needed")
    if state is not RequestState.SUBMITTED:
        raise Conflict(f"{number} was {state.value} by {request.decided_by} already; a new request is needed")
    return request


def _signed(signature: Signature) -> dict[str, DetailValue]:
    return {
        "agreement": signature.agreement,
        "sha256": signature.sha256.hex(),
        "by": signature.by,
        "source": signature.source,
    }


def _did(done: Approved) -> dict[str, DetailValue]:
    return {
        "rights": "; ".join(f"{format_rights(one.rights)} on {one.folder}" for one in done.grants),
        "waiting": ", ".join(entry.id for entry in done.waiting),
        "password_until": done.password.expires_at.isoformat() if done.password else None,
    }


def _post(connection: Connection, written: Iterable[Letter], at: datetime) -> None:
    for letter in written:
        outbox.queue(connection, letter, at)
