"""The conversation with a provider: a certified one in every way it signs, and one that lies."""

import asyncio
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from mft.clock import SystemClock
from mft.directory.oidc import Away, Provider, Unvouched, Vouched, depart
from mft.model.errors import Unavailable
from tests.support.clock import MovingClock
from tests.support.crooked import Crooked, crooked_provider
from tests.support.portal import URL
from tests.support.provider import MFA, RunningProvider, running_provider

BACK = f"{URL}/signin/return"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def good() -> Iterator[RunningProvider]:
    with running_provider(BACK) as running:
        yield running


@pytest.fixture(scope="module")
def lying() -> Iterator[Crooked]:
    with crooked_provider() as running:
        yield running


@pytest.fixture
def crooked(lying: Crooked) -> Crooked:
    """The one that lies, honest again."""
    for told in (lying.metadata, lying.claims, lying.pages):
        told.clear()
    lying.asked.clear()
    lying.silent = False
    lying.over.set()
    lying.over = Event()
    return lying


async def signed_in(running: RunningProvider, provider: Provider, away: Away) -> dict[str, str]:
    """Sign in as a browser does and return what it comes back with."""
    return dict(parse_qsl(urlsplit(await running.sign_in(await provider.address(away))).query))


async def told(crooked: Crooked, provider: Provider | None = None, **query: str) -> Vouched | Unvouched:
    """Come back from the one that lies with its code."""
    away = depart(BACK)
    crooked.claims.setdefault("nonce", away.nonce)
    return await (provider or Provider(crooked.client(), SystemClock())).vouch(away, {"code": "c", **query})


@pytest.mark.parametrize(
    ("algorithm", "takes_claims", "method"),
    [
        ("RS256", True, "client_secret_basic"),
        ("PS256", True, "client_secret_post"),
        ("ES256", False, "client_secret_basic"),
        ("EdDSA", False, "client_secret_post"),
    ],
)
async def test_a_certified_provider_vouches_however_it_signs_and_tells_names(
    algorithm: str, method: str, *, takes_claims: bool
):
    with running_provider(BACK, algorithm=algorithm, takes_claims=takes_claims, method=method) as running:
        running.person("s-1", "JDOE", **MFA)
        provider, away = Provider(running.client(acr=("urn:mfa",)), SystemClock()), depart(BACK)
        query = await signed_in(running, provider, away)
        assert query["state"] == away.state
        said = await provider.vouch(away, query)
        assert said == Vouched(running.issuer, "s-1", "JDOE", "urn:mfa", ("pwd", "otp", "mfa"))


async def test_a_code_is_good_once(good: RunningProvider):
    good.person("s-1", "JDOE", **MFA)
    provider, away = Provider(good.client(), SystemClock()), depart(BACK)
    query = await signed_in(good, provider, away)
    assert isinstance(await provider.vouch(away, query), Vouched)
    again = await provider.vouch(away, query)
    assert again == Unvouched("it did not take the code: invalid_grant")


@pytest.mark.parametrize("stolen", ["verifier", "return_to"])
async def test_a_code_is_worth_nothing_without_what_the_browser_left_with(good: RunningProvider, stolen: str):
    good.person("s-1", "JDOE", **MFA)
    provider, away = Provider(good.client(), SystemClock()), depart(BACK)
    query = await signed_in(good, provider, away)
    mine = depart(f"{BACK}/other")
    other = Away(**{name: getattr(mine if name == stolen else away, name) for name in Away.__slots__})
    assert isinstance(await provider.vouch(other, query), Unvouched)


async def test_an_answer_to_another_browser_is_worth_nothing(good: RunningProvider):
    good.person("s-1", "JDOE", **MFA)
    provider, away = Provider(good.client(), SystemClock()), depart(BACK)
    query = await signed_in(good, provider, away)
    other = Away(away.state, depart(BACK).nonce, away.verifier, away.return_to)
    said = await provider.vouch(other, query)
    assert isinstance(said, Unvouched)
    assert "nonce" in said.why


async def test_a_provider_that_says_nothing_of_factors_vouches_for_none(good: RunningProvider):
    good.person("s-2", "JDOE")
    provider, away = Provider(good.client(), SystemClock()), depart(BACK)
    said = await provider.vouch(away, await signed_in(good, provider, away))
    assert said == Vouched(good.issuer, "s-2", "JDOE", "", ())


@pytest.mark.parametrize("iss", [None, "https://evil.example.org", "https://LOCALHOST"])
async def test_a_browser_that_comes_from_another_provider_is_not_asked_about(good: RunningProvider, iss: str | None):
    good.person("s-1", "JDOE", **MFA)
    provider, away = Provider(good.client(), SystemClock()), depart(BACK)
    query = await signed_in(good, provider, away)
    mixed = {name: value for name, value in (query | {"iss": iss}).items() if value is not None}
    assert isinstance(await provider.vouch(away, mixed), Unvouched)
    # The code was kept from it.
    assert isinstance(await provider.vouch(away, query), Vouched)


async def test_a_provider_that_never_names_itself_need_not_and_is_heeded_if_it_does(crooked: Crooked):
    assert isinstance(await told(crooked), Vouched)
    assert isinstance(await told(crooked, iss=f"{crooked.issuer}/"), Unvouched)


async def test_a_wrong_secret_is_ours_to_mend_and_nobodys_fault(good: RunningProvider, tmp_path: Path):
    good.person("s-1", "JDOE", **MFA)
    wrong = tmp_path / "secret"
    wrong.write_text("wrong")
    wrong.chmod(0o600)
    provider, away = Provider(good.client(client_secret_file=wrong), SystemClock()), depart(BACK)
    query = await signed_in(good, provider, away)
    with pytest.raises(Unavailable, match="invalid_client"):
        await provider.vouch(away, query)


@pytest.mark.parametrize(("content", "mode"), [("", 0o600), ("s", 0o644), (None, 0o600)])
async def test_a_secret_that_is_none_or_that_others_read_is_said_to_operators(
    good: RunningProvider, tmp_path: Path, content: str | None, mode: int
):
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    with pytest.raises(Unavailable):
        await Provider(good.client(client_secret_file=file), SystemClock()).address(depart(BACK))


async def test_it_is_asked_what_it_says_of_itself_once_an_hour(crooked: Crooked):
    clock = MovingClock(datetime.now(UTC))
    provider = Provider(crooked.client(), clock)
    for minutes, asked in ((0, 1), (59, 1), (1, 2), (0, 2)):
        clock.advance(minutes=minutes)
        clock.jump(minutes=-minutes)
        assert isinstance(await told(crooked, provider), Vouched)
        crooked.claims.clear()
        assert crooked.asked.count("/.well-known/openid-configuration") == asked
        assert crooked.asked.count("/keys") == asked


async def test_new_keys_are_fetched_when_it_signs_by_one(crooked: Crooked):
    provider = Provider(crooked.client(), SystemClock())
    assert isinstance(await told(crooked, provider), Vouched)
    crooked.claims.clear()
    crooked.key = type(crooked.key).generate_key(2048, {"kid": "k2", "use": "sig"})
    assert isinstance(await told(crooked, provider), Vouched)
    assert crooked.asked.count("/keys") == 2


LIES: dict[str, dict[str, Any]] = {
    "iss": {"iss": "https://evil.example.org"},
    "aud": {"aud": "another"},
    "azp": {"azp": "another"},
    "expired": {"exp": 1, "iat": 0},
    "nonce": {"nonce": "another"},
    "no nonce": {"nonce": ...},
    "nonce of another kind": {"nonce": 7},
    "nobody": {"sub": ""},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_lie_in_the_token_vouches_for_nobody(crooked: Crooked, lie: dict[str, Any]):
    crooked.claims |= lie
    assert isinstance(await told(crooked), Unvouched)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"id_token": 7}',
        b'{"id_token": "x"}',
        b'{"error": ["x"]}',
        b'{"id_token": "x", "expires_in": []}',
        b'{"error": "invalid_grant"}',
    ],
)
async def test_an_exchange_without_a_token_vouches_for_nobody(crooked: Crooked, body: bytes):
    crooked.pages["/token"] = (200, JSON, body)
    assert isinstance(await told(crooked), Unvouched)


async def test_what_vouches_is_never_taken_from_elsewhere_than_the_token(crooked: Crooked):
    crooked.claims |= {"amr": ..., "preferred_username": ...}
    crooked.pages["/userinfo"] = (200, JSON, b'{"sub": "s-1", "preferred_username": "JDOE", "amr": ["mfa"]}')
    said = await told(crooked)
    assert isinstance(said, Vouched)
    assert (said.claim, said.amr) == ("JDOE", ())
    crooked.claims.clear()
    crooked.claims["preferred_username"] = ...
    crooked.pages["/userinfo"] = (200, JSON, b'{"sub": "s-2", "preferred_username": "JDOE"}')
    said = await told(crooked)
    assert isinstance(said, Vouched)
    assert said.claim == ""


@pytest.mark.parametrize("odd", [7, None, ["mfa", 7], {"mfa": True}, "mfa"])
async def test_amr_of_another_kind_breaks_nothing(crooked: Crooked, odd: Any):
    crooked.claims |= {"amr": odd, "acr": odd, "preferred_username": {"a": 1}}
    said = await told(crooked)
    assert isinstance(said, Vouched)
    assert (said.claim, said.amr) == ("", ("mfa",) if odd in (["mfa", 7], "mfa") else ())


CONFIGURATION = "/.well-known/openid-configuration"
BROKEN: dict[str, tuple[str, tuple[int, dict[str, str], bytes]]] = {
    "not there": (CONFIGURATION, (404, {}, b"")),
    "broken": (CONFIGURATION, (500, JSON, b"{}")),
    "elsewhere": (CONFIGURATION, (302, {"location": "/other"}, b"")),
    "no JSON": (CONFIGURATION, (200, JSON, b"<html>")),
    "no object": (CONFIGURATION, (200, JSON, b"[]")),
    "too deep": (CONFIGURATION, (200, JSON, b"[" * 100_000)),
    "endless": (CONFIGURATION, (200, JSON, b" " * (256 << 10) + b"{}")),
    "keys not there": ("/keys", (404, {}, b"")),
    "tokens broken": ("/token", (503, JSON, b"{}")),
    "tokens no JSON": ("/token", (200, JSON, b"<html>")),
    "an error of another kind": ("/token", (503, JSON, b'{"error": ["x"]}')),
    "tokens elsewhere": ("/token", (307, {"location": "/other"}, b"")),
    "tokens endless": ("/token", (200, JSON, b" " * (256 << 10) + b"{}")),
}


@pytest.mark.parametrize(("path", "page"), BROKEN.values(), ids=BROKEN)
async def test_what_is_broken_there_is_no_answer(crooked: Crooked, path: str, page: tuple[int, dict[str, str], bytes]):
    crooked.pages[path] = page
    with pytest.raises(Unavailable):
        await told(crooked)
    assert "/other" not in crooked.asked


async def test_a_packed_answer_is_not_read_whatever_it_holds(crooked: Crooked):
    _, _, body = crooked.answer(CONFIGURATION)
    crooked.pages[CONFIGURATION] = (200, JSON, body)
    assert isinstance(await told(crooked), Vouched)
    crooked.pages[CONFIGURATION] = (200, JSON | {"content-encoding": "gzip"}, gzip.compress(body))
    with pytest.raises(Unavailable, match="packed"):
        await told(crooked)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example.org"},
        {"issuer": ...},
        {"token_endpoint": "http://localhost/token"},
        {"authorization_endpoint": ...},
        {"jwks_uri": 7},
        {"userinfo_endpoint": "file:///etc/passwd"},
    ],
)
async def test_a_description_of_somebody_else_or_without_tls_is_no_answer(crooked: Crooked, metadata: dict[str, Any]):
    crooked.metadata |= metadata
    with pytest.raises(Unavailable):
        await Provider(crooked.client(), SystemClock()).address(depart(BACK))


async def test_nothing_is_said_to_a_server_whose_certificate_nobody_vouches_for(crooked: Crooked, tmp_path: Path):
    with pytest.raises(Unavailable):
        await Provider(crooked.client(ca_file=None), SystemClock()).address(depart(BACK))
    assert crooked.asked == []
    nothing = tmp_path / "ca.pem"
    nothing.write_text("nothing")
    for file in (nothing, tmp_path / "missing"):
        with pytest.raises(Unavailable, match="certificates"):
            await Provider(crooked.client(ca_file=file), SystemClock()).address(depart(BACK))


async def test_a_silent_provider_is_waited_for_no_longer_than_it_may_take(crooked: Crooked):
    crooked.silent = True
    began = monotonic()
    with pytest.raises(Unavailable):
        await Provider(crooked.client(timeout=timedelta(seconds=0.3)), SystemClock()).address(depart(BACK))
    assert monotonic() - began < 5


async def test_so_many_people_wait_for_it_and_no_more(crooked: Crooked):
    provider = Provider(crooked.client(), SystemClock())
    crooked.silent = True
    waiting = [asyncio.create_task(provider.address(depart(BACK))) for _ in range(32)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="wait for the provider"):
        await provider.address(depart(BACK))
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    crooked.silent = False
    crooked.over.set()
    assert await provider.address(depart(BACK))


async def test_no_two_departures_are_alike_and_none_shows_its_secrets():
    one, other = depart(BACK), depart(BACK)
    assert {one.state, one.nonce, one.verifier}.isdisjoint({other.state, other.nonce, other.verifier})
    assert one.state not in repr(one)
    assert all(len(each) >= 43 for each in (one.state, one.nonce, one.verifier))
