"""A real OpenID provider on this machine, over TLS: npm's certified one, with a person that tests choose."""

import json
import re
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import httpx2
import trustme

from mft.directory.oidc import Client
from tests.support.npm import package
from tests.support.portal import URL
from tests.support.slapd import free_ports

HOST: Final = "localhost"
"""Another site than the portal's 127.0.0.1, so that the way back is one from another site."""
CLIENT_ID: Final = "portal"
CLIENT_SECRET: Final = "a secret of the portal's: 100% & more + a colon"
MFA: Final = {"acr": "urn:mfa", "amr": ["pwd", "otp", "mfa"]}
_SCRIPT: Final = Path(__file__).with_suffix(".mjs")


@dataclass(frozen=True)
class RunningProvider:
    """A provider that runs."""

    issuer: str
    folder: Path
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def stop(self) -> None:
        """End it while it is needed."""
        for process in self.processes:
            process.terminate()
            process.wait(30)

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def secret_file(self) -> Path:
        return self.folder / "secret"

    def client(self, **other: Any) -> Client:
        """Return how the product is told of it."""
        words = {
            "issuer": self.issuer,
            "client_id": CLIENT_ID,
            "client_secret_file": self.secret_file,
            "ca_file": self.ca_file,
        }
        return Client(**(words | other))

    def settings(self) -> dict[str, str]:
        """Return the same as a server's environment."""
        return {
            "MFT_OIDC__ISSUER": self.issuer,
            "MFT_OIDC__CLIENT_ID": CLIENT_ID,
            "MFT_OIDC__CLIENT_SECRET_FILE": str(self.secret_file),
            "MFT_OIDC__CA_FILE": str(self.ca_file),
            "MFT_OIDC__NAME": "Example ID",
        }

    def person(self, sub: str, name: str | None = None, *, error: str = "access_denied", **login: Any) -> None:
        """Let *sub*, whose preferred_username is *name*, be whoever signs in next, by acr and amr in *login*."""
        told = {"sub": sub, "claims": {"preferred_username": name} if name else {}, "login": login, "error": error}
        with httpx2.Client(verify=self._trust(), trust_env=False) as client:
            client.post(f"{self.issuer}/control", json=told).raise_for_status()

    async def sign_in(self, address: str, *, done: str = "yes") -> str:
        """Sign in at *address* as a browser does and return where it is sent back to."""
        async with httpx2.AsyncClient(verify=self._trust(), trust_env=False) as browser:
            answer = await browser.get(address)
            while answer.is_redirect:
                where = urljoin(str(answer.url), answer.headers["location"])
                if not where.startswith(self.issuer):
                    return where
                answer = await browser.get(where)
                if answer.status_code == 200:
                    answer = await browser.post(where, data={"done": done})
            raise AssertionError(answer.text)

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)


@contextmanager
def running_provider(
    *return_to: str, algorithm: str = "RS256", takes_claims: bool = True, method: str = "client_secret_basic"
) -> Iterator[RunningProvider]:
    """Give a provider of its own that sends people back to *return_to*, and end it by its process."""
    folder = Path(tempfile.mkdtemp(prefix="oidc"))
    [port] = free_ports(1)
    running = RunningProvider(f"https://{HOST}:{port}", folder)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(folder / "tls.pem")
    running.secret_file.write_text(f"{CLIENT_SECRET}\n")
    running.secret_file.chmod(0o600)
    told = {
        "package": str(package("oidc-provider")),
        "issuer": running.issuer,
        "port": port,
        "tls": str(folder / "tls.pem"),
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": return_to or (f"{URL}/signin/return",),
        "algorithm": algorithm,
        "takes_claims": takes_claims,
        "method": method,
    }
    (folder / "told").write_text(json.dumps(told))
    try:
        with (folder / "told").open() as given, (folder / "log").open("wb") as log:
            command = ["node", str(_SCRIPT)]
            with subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, stderr=log, text=True) as process:
                try:
                    running.processes.append(process)
                    assert process.stdout is not None
                    # It says that it is ready, or nothing more.
                    said = next((line for line in process.stdout if re.fullmatch(r"ready\n", line)), "")
                    assert said, (folder / "log").read_text()
                    yield running
                finally:
                    running.stop()
    finally:
        shutil.rmtree(folder)
