"""A provider of identities that people sign in with: OpenID Connect, the code flow with PKCE.

What it says is taken only from its token endpoint, which we reach over TLS ourselves, and only if
the ID token was signed by one of its keys, is for us, is fresh and answers this browser's question.
Whether the person is anybody here is not decided in this file.
"""

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final

from mft.clock import Clock
from mft.crypto.secretfile import read_secret
from mft.directory.oidc_line import Answer, Line, Metadata, NoSense, open_line
from mft.directory.oidc_token import Claims, Unfit, UnknownKey, judge
from mft.model.errors import Invalid, Unavailable

_AT_ONCE: Final = 32
"""Conversations at a time; whoever comes on top is told to come again, and the provider is spared."""
_KNOWN_FOR: Final = timedelta(hours=1)
"""How long what the provider says of itself is kept."""
_RANDOM: Final = 32
"""Bytes of state, nonce and verifier."""


@dataclass(frozen=True, slots=True)
class Client:
    """The provider, and how we are known to it."""

    issuer: str
    client_id: str
    client_secret_file: Path | None = None
    """None: the provider knows us by our id and by PKCE alone."""
    acr: tuple[str, ...] = ()
    """What is asked for in acr; it may be given all the same without having been done."""
    claim: str = "preferred_username"
    """What has to equal an account's external id."""
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    timeout: timedelta = timedelta(seconds=10)
    """For everything that is asked for one step of a sign-in."""


@dataclass(frozen=True, slots=True)
class Away:
    """What is kept of a browser while it is at the provider."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    return_to: str
    """The page of ours that the provider sends it to."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """The provider vouches for a person."""

    issuer: str
    subject: str
    claim: str
    """What the claim says that names them; empty if it says nothing."""
    acr: str
    amr: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unvouched:
    """What came from the provider cannot be relied on; *why* is for operators."""

    why: str


def depart(return_to: str) -> Away:
    """Return what a browser is sent away with: three secrets that nobody else knows and that are good once."""
    state, nonce, verifier = (secrets.token_urlsafe(_RANDOM) for _ in range(3))
    return Away(state, nonce, verifier, return_to)


class Provider:
    """Asks one provider."""

    def __init__(self, client: Client, clock: Clock) -> None:
        """Keep how we are known; nothing is read or asked before somebody signs in."""
        self._client = client
        self._clock = clock
        self._lines = BoundedSemaphore(_AT_ONCE)
        self._known: tuple[timedelta, Metadata, Answer] | None = None

    @property
    def issuer(self) -> str:
        """Who it is."""
        return self._client.issuer

    @property
    def claim(self) -> str:
        """The claim that names a person."""
        return self._client.claim

    async def look(self) -> Metadata:
        """Return what the provider says of itself, asked anew.  Raises Unavailable."""
        async with self._talking() as line:
            return (await self._knowing(line, anew=True))[0]

    async def address(self, away: Away) -> str:
        """Return where the browser is sent.  Raises Unavailable."""
        async with self._talking() as line:
            metadata, _ = await self._knowing(line)
            wanted = {"state": away.state, "nonce": away.nonce, "redirect_uri": away.return_to}
            return line.authorization(metadata, away.verifier, self._client.acr, self._client.claim, wanted)

    async def vouch(self, away: Away, query: Mapping[str, str]) -> Vouched | Unvouched:
        """Return whom the provider vouches for to the browser that came back with *query*.  Raises Unavailable.

        The caller has seen that the state is *away*'s, and never asks twice with the same.
        """
        async with self._talking() as line:
            metadata, keys = await self._knowing(line)
            mixed = _mixed_up(metadata, query, self._client.issuer)
            if mixed is not None:
                return Unvouched(mixed)
            try:
                tokens = await line.exchange(metadata, query["code"], away.verifier, away.return_to)
                claims = await self._judged(line, tokens, keys, away)
                return await self._vouched(line, metadata, tokens, claims)
            except (NoSense, Unfit) as error:
                return Unvouched(str(error))

    async def _judged(self, line: Line, tokens: Answer, keys: Answer, away: Away) -> Claims:
        client = self._client
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise Unfit("it gave no ID token")
        try:
            claims = judge(token, keys, client.issuer, client.client_id, self._clock.now())
        except UnknownKey:
            # Providers change their keys and sign by the new one at once.
            _, keys = await self._knowing(line, anew=True)
            claims = judge(token, keys, client.issuer, client.client_id, self._clock.now())
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), away.nonce.encode()):
            raise Unfit("the ID token answers another question than this browser's: its nonce is not ours")
        return claims

    async def _vouched(self, line: Line, metadata: Metadata, tokens: Answer, claims: Claims) -> Vouched:
        subject = str(claims["sub"])
        named = claims.get(self._client.claim)
        if named is None and metadata.userinfo_endpoint:
            # Many providers put nobody's name into an ID token. What vouches is never taken from here.
            more = await line.userinfo(metadata, tokens)
            named = more.get(self._client.claim) if more.get("sub") == subject else None
        said = claims.get("amr")
        amr = said if isinstance(said, list) else [said]
        acr = claims.get("acr")
        return Vouched(
            issuer=self._client.issuer,
            subject=subject,
            claim=named if isinstance(named, str) else "",
            acr=acr if isinstance(acr, str) else "",
            amr=tuple(word for word in amr if isinstance(word, str)),
        )

    async def _knowing(self, line: Line, *, anew: bool = False) -> tuple[Metadata, Answer]:
        """Return what the provider says of itself, and its keys."""
        known = self._known
        if anew or known is None or self._clock.elapsed() >= known[0] + _KNOWN_FOR:
            metadata = await line.metadata()
            known = self._known = (self._clock.elapsed(), metadata, await line.keys(metadata))
        return known[1], known[2]

    @asynccontextmanager
    async def _talking(self) -> AsyncIterator[Line]:
        """Give a line to the provider.  Raises Unavailable when it takes too long."""
        client, seconds = self._client, self._client.timeout.total_seconds()
        with self._one_line():
            try:
                async with (
                    asyncio.timeout(seconds),
                    open_line(client.issuer, client.client_id, self._secret(), client.ca_file, seconds) as line,
                ):
                    yield line
            except TimeoutError:
                raise Unavailable(f"the provider {client.issuer} did not answer within {seconds:g} s") from None

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        # Never waited for: a provider this slow would not answer in time.
        if not self._lines.acquire(blocking=False):
            raise Unavailable(f"{_AT_ONCE} people wait for the provider already")
        try:
            yield
        finally:
            self._lines.release()

    def _secret(self) -> str:
        """Return the client's secret as its file holds it now, so that a changed one needs no restart."""
        file = self._client.client_secret_file
        if file is None:
            return ""
        try:
            found = read_secret(file, "the client's secret").decode().strip("\r\n")
        except (Invalid, UnicodeDecodeError) as error:
            raise Unavailable(str(error)) from None
        if not found:
            raise Unavailable(f"{file} holds no secret; write it there")
        return found


def _mixed_up(metadata: Metadata, query: Mapping[str, str], issuer: str) -> str | None:
    """Return why the browser does not come from this provider, if it says so itself (RFC 9207)."""
    said = query.get("iss")
    if said is None:
        return "it says iss with every answer, and not with this one" if metadata.says_issuer else None
    return None if hmac.compare_digest(said.encode(), issuer.encode()) else "the answer comes from another provider"
