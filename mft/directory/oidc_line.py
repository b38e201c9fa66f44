"""The line to a provider of identities: its pages over TLS, no redirects, few bytes, none of them packed.

What cannot be had, or makes no sense where an operator has to mend it, is ``Unavailable``; what it
answers to one person's code and cannot be relied on is ``NoSense``.
"""

import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError

from mft.model.errors import Unavailable

Answer = Mapping[str, Any]
"""A JSON object, as it came."""

WELL_KNOWN: Final = "/.well-known/openid-configuration"
_MOST_BYTES: Final = 256 << 10
"""Of one answer: some providers have many keys, none so many."""
_OURS_TO_MEND: Final = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_request"})
"""Errors of the token endpoint that say nothing of the person."""
_NO_JSON: Final = (ValueError, TypeError, RecursionError)
"""What reading an answer raises: no JSON, a word of a kind that it cannot be, brackets within brackets without end."""
_SCOPE: Final = "openid profile"


class NoSense(Exception):
    """The provider's answer to one person's code is none to rely on; the text says why, for operators."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What of a provider's own description is used (OpenID Connect Discovery, 3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    says_issuer: bool
    """Whether it names itself whenever it sends a browser back (RFC 9207)."""
    takes_claims: bool
    """Whether it may be told which claims are wanted."""
    takes_basic: bool
    """Whether our secret goes into the header; else into the form."""


class Line:
    """Asks a provider, within one conversation."""

    def __init__(self, issuer: str, http: AsyncOAuth2Client) -> None:
        """Take the open client."""
        self._issuer = issuer
        self._http = http

    async def metadata(self) -> Metadata:
        """Return what it says of itself.  Raises Unavailable, also when it says that it is somebody else."""
        said = await self._get(self._issuer.rstrip("/") + WELL_KNOWN)
        if said.get("issuer") != self._issuer:
            raise self._unusable(f"it calls itself {str(said.get('issuer'))[:200]!r}; write that into oidc.issuer")
        methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Metadata(
            authorization_endpoint=self._endpoint(said, "authorization_endpoint"),
            token_endpoint=self._endpoint(said, "token_endpoint"),
            jwks_uri=self._endpoint(said, "jwks_uri"),
            userinfo_endpoint=self._endpoint(said, "userinfo_endpoint") if "userinfo_endpoint" in said else "",
            says_issuer=said.get("authorization_response_iss_parameter_supported") is True,
            takes_claims=said.get("claims_parameter_supported") is True,
            takes_basic=isinstance(methods, list) and "client_secret_basic" in methods,
        )

    async def keys(self, metadata: Metadata) -> Answer:
        """Return its keys.  Raises Unavailable."""
        return await self._get(metadata.jwks_uri)

    def authorization(
        self, metadata: Metadata, verifier: str, acr: Sequence[str], claim: str, wanted: Mapping[str, str]
    ) -> str:
        """Return where a browser is sent that is to be vouched for: with what is *wanted*, and PKCE."""
        more = dict(wanted)
        if acr:
            more["acr_values"] = " ".join(acr)
        if metadata.takes_claims:
            # Some say how somebody signed in, and who they are, only when it is asked for.
            asked = {"acr": {"values": list(acr)} if acr else None, "amr": None, claim: None}
            more["claims"] = json.dumps({"id_token": asked})
        address, _ = self._http.create_authorization_url(
            metadata.authorization_endpoint, code_verifier=verifier, **more
        )
        return str(address)

    async def exchange(self, metadata: Metadata, code: str, verifier: str, return_to: str) -> Answer:
        """Return the tokens for *code*.  Raises NoSense, Unavailable."""
        http = self._http
        if http.client_secret and metadata.takes_basic:
            # The header's two halves are written as in a form (RFC 6749, 2.3.1).
            http.client_id, http.client_secret = quote_plus(http.client_id), quote_plus(http.client_secret)
        elif http.client_secret:
            http.token_endpoint_auth_method = "client_secret_post"  # noqa: S105  (a method's name)
        try:
            told: dict[str, Any] = await http.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                redirect_uri=return_to,
            )
        except OAuthError as error:
            if str(error.error) in _OURS_TO_MEND:
                raise self._unusable(f"it answered {error.error}; check oidc.client_id and its secret") from None
            raise NoSense(f"it did not take the code: {str(error.error)[:100]}") from None
        except (httpx2.HTTPError, *_NO_JSON) as error:
            raise self._unusable(f"{metadata.token_endpoint}: {type(error).__name__}: {error}") from None
        return told

    async def userinfo(self, metadata: Metadata, tokens: Answer) -> Answer:
        """Return what more it says of the person whose *tokens* these are.  Raises Unavailable."""
        return await self._get(metadata.userinfo_endpoint, authorization=f"Bearer {tokens.get('access_token', '')}")

    async def _get(self, address: str, **headers: str) -> Answer:
        try:
            accepted = {"accept": "application/json", **headers}
            answer = await self._http.request("GET", address, withhold_token=True, headers=accepted)
            answer.raise_for_status()
            said = answer.json()
        except (httpx2.HTTPError, httpx2.InvalidURL, *_NO_JSON) as error:
            raise self._unusable(f"{address}: {type(error).__name__}: {error}") from None
        if answer.status_code != httpx2.codes.OK or not isinstance(said, dict):
            raise self._unusable(f"{address} gives no JSON object")
        return said

    def _endpoint(self, said: Answer, name: str) -> str:
        """Return an address that it names; one without TLS is none."""
        address = said.get(name)
        if not isinstance(address, str) or urlsplit(address).scheme != "https":
            raise self._unusable(f"its {name} is no https address")
        return address

    def _unusable(self, why: str) -> Unavailable:
        what, _, mend = why.partition("; ")
        return Unavailable(f"the provider {self._issuer}: {what}; {mend or 'check the [oidc] settings'}")


@asynccontextmanager
async def open_line(
    issuer: str, client_id: str, secret: str, ca_file: Path | None, seconds: float
) -> AsyncIterator[Line]:
    """Give a line to *issuer*.  Raises Unavailable."""
    try:
        trust = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one.
        raise Unavailable(f"{ca_file} holds no certificates; check oidc.ca_file: {error}") from None
    http = AsyncOAuth2Client(
        client_id=client_id,
        client_secret=secret or None,
        scope=_SCOPE,
        code_challenge_method="S256",
        transport=_Few(verify=trust),
        timeout=seconds,
        trust_env=False,
        headers={"accept-encoding": "identity"},
    )
    async with http:
        yield Line(issuer, http)


class _Few(httpx2.AsyncHTTPTransport):
    """Lets few bytes in, and none that are packed: those would be many."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await super().handle_async_request(request)
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise httpx2.DecodingError("a packed answer is not read", request=request)
        if isinstance(answer.stream, httpx2.AsyncByteStream):
            answer.stream = _Counted(answer.stream)
        return answer


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for block in self._stream:
            read += len(block)
            if read > _MOST_BYTES:
                raise httpx2.ReadError(f"the answer has more than {_MOST_BYTES} bytes")
            yield block

    async def aclose(self) -> None:
        await self._stream.aclose()
