"""Signing in by a provider: who is linked to whom, and nobody else; only the one decision lets anybody in."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from mft.accounts.explain import explain
from mft.accounts.external_ids import ExternalIds
from mft.accounts.portal_answers import Declined, Leave, NeedsEnrolment, Over, Refused, SignedIn, TryLater
from mft.accounts.provider_signon import ProviderSignOn
from mft.directory.oidc import Client, Provider
from mft.model.account import SSH_METHODS, AccountState, CredentialKind, Method
from mft.model.event import Action
from mft.model.portal import Stage
from mft.policy.provider import MfaTerms
from mft.store import credentials, identities, visits
from tests.support.gate import ELSEWHERE, HOME, OLGA, Gate
from tests.support.lobby import Browser, Lobby
from tests.support.portal import URL
from tests.support.provider import MFA, RunningProvider, running_provider

BACK = f"{URL}/signin/return"
TERMS = MfaTerms(acr=("urn:mfa",), amr=("mfa",))


@pytest.fixture(scope="module")
def running() -> Iterator[RunningProvider]:
    with running_provider(BACK) as provider:
        yield provider


@dataclass
class Way:
    """The lobby, and the way to the provider and back."""

    lobby: Lobby
    running: RunningProvider
    room: ProviderSignOn

    @property
    def gate(self) -> Gate:
        return self.lobby.gate

    def person(self, name: str = "alice", external_id: str | None = "JDOE", **changes: Any) -> None:
        """Add an account without a password; *external_id* is what an operator wrote down."""
        self.gate.account(name, password=None, **changes)
        if external_id is not None:
            ExternalIds(self.gate.store, self.gate.trail, self.gate.clock).set(OLGA, name, external_id)

    async def away(self, browser: Browser, *, done: str = "yes") -> dict[str, str]:
        """Go to the provider, sign in there, and return what the browser comes back with."""
        answer = await self.room.leave(await browser.here(), BACK)
        assert isinstance(answer, Leave)
        return dict(parse_qsl(urlsplit(await self.running.sign_in(answer.address, done=done)).query))

    async def back(self, browser: Browser, query: dict[str, str], source: IPv4Address = HOME) -> Any:
        return browser.keep(await self.room.back(await browser.here(), query, source, "Firefox"))

    async def sign_in(
        self, sub: str = "s-1", name: str | None = "JDOE", source: IPv4Address = HOME, **login: Any
    ) -> tuple[Browser, Any]:
        """Sign in as *sub*, whom the provider calls *name*."""
        self.running.person(sub, name, **(login or MFA))
        browser = self.lobby.browser(source)
        return browser, await self.back(browser, await self.away(browser), source)

    def why(self, answer: Any) -> tuple[str, str]:
        """Return why somebody was refused: the reason and its words."""
        assert isinstance(answer, Refused), answer
        found = explain(self.gate.store, answer.reference)
        return found.reason, found.words

    def linked(self, name: str = "alice") -> str | None:
        """Return the subject that *name* is linked to; the link and its credential come and go together."""
        account = self.gate.current(name)
        with self.gate.store.read() as connection:
            link = identities.of_account(connection, account.id)
            held = {one.kind for one in credentials.of_account(connection, account.id)}
        assert (CredentialKind.IDENTITY in held) is (link is not None)
        return link.subject if link else None


def way_of(lobby: Lobby, running: RunningProvider, client: Client | None = None) -> Way:
    gate = lobby.gate
    # What the provider says is of now.
    gate.clock.jump(seconds=(datetime.now(UTC) - gate.clock.now()).total_seconds())
    room = ProviderSignOn(
        gate.store,
        gate.trail,
        gate.clock,
        Provider(client or running.client(), gate.clock),
        gate.signon,
        lobby.signon,
        lobby.visits,
        gate.offload,
        terms=TERMS,
        name="Example ID",
    )
    return Way(lobby, running, room)


@pytest.fixture
def way(lobby: Lobby, running: RunningProvider) -> Way:
    return way_of(lobby, running)


@pytest.fixture
def any_way(any_lobby: Lobby, running: RunningProvider) -> Way:
    return way_of(any_lobby, running)


@pytest.mark.fact("3.3")
async def test_whom_the_provider_vouches_for_is_in_and_linked(any_way: Way):
    any_way.person()
    browser, answer = await any_way.sign_in()
    assert isinstance(answer, SignedIn)
    visit = await browser.here()
    assert (visit.stage, visit.session, visit.factors) == (Stage.SIGNED_IN, answer.session, ("oidc:urn:mfa",))
    assert any_way.linked() == "s-1"
    line = any_way.gate.lines(Action.SIGNON_ADMITTED)[-1].event
    assert (line.subject, line.detail["with"], line.detail["client"]) == ("alice", "oidc:urn:mfa", "Firefox")
    assert len(any_way.gate.lines(Action.IDENTITY_LINKED)) == 1
    _, again = await any_way.sign_in()
    assert isinstance(again, SignedIn)
    assert len(any_way.gate.lines(Action.IDENTITY_LINKED)) == 1


async def test_a_linked_person_is_known_by_issuer_and_subject_whatever_they_are_called(way: Way):
    way.person()
    await way.sign_in()
    for name in ("SMITH", None):
        assert isinstance((await way.sign_in(name=name))[1], SignedIn)


async def test_a_name_that_went_to_another_person_lets_them_in_nowhere(way: Way):
    way.person()
    await way.sign_in("s-1", "JDOE")
    _, answer = await way.sign_in("s-2", "JDOE")
    reason, words = way.why(answer)
    assert (reason, "another person's" in words) == ("not_linked", True)
    assert way.linked() == "s-1"
    assert way.gate.lines(Action.SIGNON_REFUSED)[-1].event.subject == "alice"


@pytest.mark.parametrize("name", ["jdoe", "JDOE ", "JDOE2", "alice", "alice@example.org", "", None])
async def test_who_is_nobody_here_is_refused_and_no_account_is_made(way: Way, name: str | None):
    way.person()
    _, answer = await way.sign_in(name=name)
    assert way.why(answer)[0] == "not_linked"
    assert way.linked() is None
    assert way.gate.lines(Action.IDENTITY_LINKED) == []
    assert way.gate.lines(Action.SIGNON_REFUSED)[-1].event.actor.account is None


async def test_an_account_without_an_external_id_is_nobodys(way: Way):
    way.person(external_id=None)
    for name in ("alice", "", None):
        assert way.why((await way.sign_in(name=name))[1])[0] == "not_linked"


@pytest.mark.parametrize("login", [{"acr": "urn:plain"}, {"amr": ["pwd"]}, {"acr": "urn:plain", "amr": ["pwd", "MFA"]}])
async def test_without_a_second_factor_nobody_is_in_linked_or_not(way: Way, login: dict[str, Any]):
    way.person()
    _, first = await way.sign_in(**login)
    assert (way.why(first)[0], way.linked()) == ("mfa_missing", None)
    await way.sign_in()
    _, later = await way.sign_in(**login)
    reason, words = way.why(later)
    assert (reason, f"acr {login.get('acr', '')!r}" in words) == ("mfa_missing", True)
    line = way.gate.lines(Action.SIGNON_REFUSED)[-1].event
    assert (line.subject, line.detail["method"]) == ("alice", Method.PROVIDER.value)


async def test_whoever_says_nothing_of_factors_vouches_for_none(way: Way):
    way.person()
    way.running.person("s-9", "JDOE")
    browser = way.lobby.browser()
    assert way.why(await way.back(browser, await way.away(browser)))[0] == "mfa_missing"


async def test_the_address_counts_as_for_everybody(way: Way):
    way.person()
    _, answer = await way.sign_in(source=ELSEWHERE)
    assert (way.why(answer)[0], way.linked()) == ("source_not_listed", None)
    way.lobby.any_address()
    assert isinstance((await way.sign_in(source=ELSEWHERE))[1], SignedIn)


async def test_a_disabled_account_is_refused_and_nothing_is_linked(way: Way):
    way.person()
    way.gate.move("alice", AccountState.ACTIVE, AccountState.DISABLED)
    _, answer = await way.sign_in()
    assert (way.why(answer)[0], way.linked()) == ("account_disabled", None)
    way.gate.move("alice", AccountState.DISABLED, AccountState.ACTIVE)
    await way.sign_in()
    way.gate.move("alice", AccountState.ACTIVE, AccountState.DISABLED)
    assert way.why((await way.sign_in())[1])[0] == "account_disabled"
    assert way.linked() == "s-1"


@pytest.mark.parametrize("required", [frozenset({Method.PASSWORD}), frozenset({Method.PUBLIC_KEY}), SSH_METHODS])
async def test_what_is_required_over_ssh_is_not_asked_of_whom_the_provider_vouches_for(
    way: Way, required: frozenset[Method]
):
    way.person(required=required)
    assert isinstance((await way.sign_in())[1], SignedIn)


async def test_another_external_id_ends_what_the_provider_opened(way: Way):
    way.person()
    browser, _ = await way.sign_in()
    ExternalIds(way.gate.store, way.gate.trail, way.gate.clock).set(OLGA, "alice", "OTHER")
    assert await browser.visit() is None
    assert way.linked() is None
    assert way.why((await way.sign_in())[1])[0] == "not_linked"
    assert isinstance((await way.sign_in(name="OTHER"))[1], SignedIn)


async def test_another_persons_link_is_not_taken_by_giving_their_id_to_a_second_account(way: Way):
    way.person()
    way.person("bob", "BOB")
    await way.sign_in("s-1", "JDOE")
    # The provider calls the person of alice's link by bob's id.
    browser, answer = await way.sign_in("s-1", "BOB")
    assert isinstance(answer, SignedIn)
    assert (await browser.here()).account == way.gate.current("alice").id
    assert way.linked("bob") is None


async def test_an_answer_is_good_once_and_only_in_the_visit_that_left(way: Way):
    way.person()
    way.running.person("s-1", "JDOE", **MFA)
    victim, thief = way.lobby.browser(), way.lobby.browser()
    query = await way.away(thief)
    assert isinstance(await way.back(victim, query), Over)
    await way.away(victim)
    assert isinstance(await way.back(victim, query), Over)
    assert isinstance(await way.back(thief, query), SignedIn)
    assert isinstance(await way.room.back(await thief.here(), query, HOME), Over)
    again = way.lobby.browser()
    assert isinstance(await way.back(again, query), Over)


@pytest.mark.parametrize("state", ["", "x", "é", None])
async def test_another_state_takes_nothing_away(way: Way, state: str | None):
    way.person()
    way.running.person("s-1", "JDOE", **MFA)
    browser = way.lobby.browser()
    query = await way.away(browser)
    wrong = {name: value for name, value in (query | {"state": state}).items() if value is not None}
    assert isinstance(await way.back(browser, wrong), Over)
    assert way.gate.lines(Action.SIGNON_REFUSED) == []
    assert isinstance(await way.back(browser, query), SignedIn)


async def test_a_browser_that_left_twice_comes_back_by_the_second_way(way: Way):
    way.person()
    way.running.person("s-1", "JDOE", **MFA)
    browser = way.lobby.browser()
    first, second = await way.away(browser), await way.away(browser)
    assert isinstance(await way.back(browser, first), Over)
    assert isinstance(await way.back(browser, second), SignedIn)


async def test_of_many_who_come_back_at_once_one_is_asked_about(any_way: Way):
    any_way.person()
    any_way.running.person("s-1", "JDOE", **MFA)
    browser = any_way.lobby.browser()
    query, visit = await any_way.away(browser), await browser.here()
    answers = await asyncio.gather(*(any_way.room.back(visit, query, HOME) for _ in range(20)))
    assert sorted(type(one).__name__ for one in answers) == ["Over"] * 19 + ["SignedIn"]


async def test_what_cannot_be_relied_on_is_refused_and_explained(way: Way):
    way.person()
    way.running.person("s-1", "JDOE", **MFA)
    for changed in ({"iss": "https://evil.example.org"}, {"code": "x"}, {"code": "x" * 5000}):
        browser = way.lobby.browser()
        answer = await way.back(browser, await way.away(browser) | changed)
        assert way.why(answer)[0] == "provider_unfit"
        assert "why" in way.gate.lines(Action.SIGNON_REFUSED)[-1].event.detail


async def test_a_token_of_another_time_is_refused(way: Way):
    way.person()
    way.running.person("s-1", "JDOE", **MFA)
    browser = way.lobby.browser()
    query = await way.away(browser)
    way.gate.clock.jump(hours=-2)
    reason, words = way.why(await way.back(browser, query))
    assert (reason, "iat" in words or "future" in words) == ("provider_unfit", True)


async def test_whoever_changes_their_mind_there_is_refused_nothing(way: Way):
    way.person()
    way.running.person("s-1", "JDOE", **MFA)
    browser = way.lobby.browser()
    assert isinstance(await way.back(browser, await way.away(browser, done="no")), Declined)
    assert way.gate.lines(Action.SIGNON_REFUSED) == []
    assert isinstance(await way.back(browser, await way.away(browser)), SignedIn)


async def test_a_provider_that_says_try_later_is_believed(way: Way):
    way.running.person("s-1", "JDOE", error="temporarily_unavailable")
    browser = way.lobby.browser()
    assert isinstance(await way.back(browser, await way.away(browser, done="no")), TryLater)


async def test_while_it_is_down_nothing_changes(lobby: Lobby):
    with running_provider(BACK) as gone:
        way = way_of(lobby, gone)
        way.person()
        way.running.person("s-1", "JDOE", **MFA)
        browser = lobby.browser()
        query = await way.away(browser)
    assert isinstance(await way.back(browser, query), TryLater)
    fresh = way_of(lobby, gone)
    assert isinstance(await fresh.room.leave(await browser.here(), BACK), TryLater)
    assert way.linked() is None
    assert way.gate.lines(Action.SIGNON_REFUSED) == []


async def test_a_visit_that_ended_meanwhile_goes_nowhere(way: Way):
    way.person()
    way.running.person("s-1", "JDOE", **MFA)
    browser = way.lobby.browser()
    visit, query = await browser.here(), await way.away(browser)
    way.lobby.visits.end(browser.cookie)
    assert isinstance(await way.room.back(visit, query, HOME), Over)
    assert isinstance(await way.room.leave(visit, BACK), Over)


async def test_a_visit_lasts_twenty_minutes_at_the_provider_too(way: Way):
    way.person()
    way.running.person("s-1", "JDOE", **MFA)
    browser = way.lobby.browser()
    visit, query = await browser.here(), await way.away(browser)
    way.gate.clock.advance(minutes=20)
    assert isinstance(await way.room.back(visit, query, HOME), Over)


async def test_a_password_that_was_proven_before_does_not_mix_with_it(way: Way):
    way.gate.account("bob")
    way.person()
    way.running.person("s-1", "JDOE", **MFA)
    browser = way.lobby.browser()
    assert isinstance(await browser.password("bob"), NeedsEnrolment)
    assert isinstance(await way.back(browser, await way.away(browser)), SignedIn)
    visit = await browser.here()
    assert (visit.account, visit.factors) == (way.gate.current("alice").id, ("oidc:urn:mfa",))
    assert len(visit.proven) == 1


async def test_what_the_browser_left_with_is_forgotten_when_it_is_back(way: Way):
    way.person()
    browser, _ = await way.sign_in(acr="urn:plain")
    assert (await browser.here()).oidc is None
    visit = await browser.here()
    await way.room.leave(visit, BACK)
    with way.gate.store.read() as connection:
        kept = visits.by_token(connection, visit.token_sha256)
    assert kept is not None
    assert set(json.loads(kept.oidc or "")) == {"state", "nonce", "verifier", "return_to"}


async def test_an_identity_opens_nothing_over_sftp(way: Way):
    way.person()
    await way.sign_in()
    for secret in ("", "s-1", "JDOE", "-"):
        outcome = await way.gate.enter(secret=secret)
        assert outcome.session is None
    assert (await way.gate.signon.by_key(way.gate.knock(), "")).session is None


async def test_the_trail_holds_no_secret_of_the_conversation(way: Way):
    way.person()
    way.running.person("s-1", "JDOE", **MFA)
    browser = way.lobby.browser()
    query = await way.away(browser)
    await way.back(browser, query)
    told = "\n".join(str(line.event) for line in way.gate.lines())
    for secret in (query["code"], query["state"]):
        assert secret not in told
