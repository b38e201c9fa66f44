"""A provider that lies, breaks off, dawdles or babbles: what a good one never does and a bad one might.

It speaks OpenID Connect well enough that everything but the fault under test would be taken.
"""

import json
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import trustme
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from mft.directory.oidc import Client

HOST = "localhost"
CLIENT_ID = "portal"


@dataclass
class Crooked:
    """What it answers; tests change it."""

    issuer: str
    ca_file: Path
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}))
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    """What is said otherwise in the ID token."""
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    """What is answered by path, in the place of what a good one says."""
    asked: list[str] = field(default_factory=list)
    silent: bool = False
    over: Event = field(default_factory=Event)

    def client(self, **other: Any) -> Client:
        return Client(**({"issuer": self.issuer, "client_id": CLIENT_ID, "ca_file": self.ca_file} | other))

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if path in self.pages:
            return self.pages[path]
        good = {
            "/.well-known/openid-configuration": self._described,
            "/keys": lambda: dict(KeySet([self.key]).as_dict(private=False)),
            "/token": lambda: {"access_token": "a", "token_type": "Bearer", "id_token": self.token()},
            "/userinfo": lambda: {"sub": "s-1", "preferred_username": "JDOE"},
        }
        if path not in good:
            return 404, {}, b""
        return 200, {"content-type": "application/json"}, json.dumps(good[path]()).encode()

    def token(self) -> str:
        at = int(datetime.now(UTC).timestamp())
        said = {"iss": self.issuer, "aud": CLIENT_ID, "sub": "s-1", "iat": at, "exp": at + 300, "amr": ["mfa"]}
        said |= {"preferred_username": "JDOE"} | self.claims
        kept = {name: value for name, value in said.items() if value is not ...}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, kept, self.key)

    def _described(self) -> dict[str, Any]:
        plain = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        }
        return {name: value for name, value in (plain | self.metadata).items() if value is not ...}


@contextmanager
def crooked_provider() -> Iterator[Crooked]:
    """Give one, over TLS with a certificate that is good."""
    authority = trustme.CA()
    with tempfile.TemporaryDirectory(prefix="crooked") as name:
        ca_file = Path(name) / "ca.pem"
        authority.cert_pem.write_to_path(ca_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST).configure_cert(context)
        with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            server.daemon_threads = True
            crooked = Crooked(f"https://{HOST}:{server.server_port}", ca_file)
            vars(server)["crooked"] = crooked
            thread = Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield crooked
            finally:
                crooked.over.set()
                server.shutdown()
                thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        crooked: Crooked = vars(self.server)["crooked"]
        crooked.asked.append(self.path)
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if crooked.silent:
            crooked.over.wait()
            return
        status, headers, body = crooked.answer(self.path.partition("?")[0])
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  (the library's name)

    def log_message(self, *_: Any) -> None:
        pass
