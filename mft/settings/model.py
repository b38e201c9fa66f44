"""Every setting, with what it does, its unit and where its default comes from.

``config/mft.example.toml`` is written from this file.  Secrets are never values here, only paths to
files; the one exception is the database's address, which may come from a credential instead.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from mft.model.account import checked_email
from mft.model.errors import Invalid
from mft.model.network import AddressRange, parse_address
from mft.policy.retention import Months, Term
from mft.settings.kinds import Address, Count, Lapse, MaybePath, Network, Port, Section
from mft.settings.portal import Directory, Oidc, Portal
from mft.settings.quantities import Kept, Size, Span

_LOOPBACK: Final = AddressRange.parse("127.0.0.0/8")


def _is_mailbox(text: str) -> bool:
    try:
        return checked_email(text) == text.lower()
    except Invalid:
        return False


class Listener(Section):
    """One address the SFTP server answers on."""

    address: Address = Field(default="0.0.0.0", description="IPv4 address to listen on.")  # noqa: S104  (a server's default)
    port: Port = Field(default=2222, description="TCP port; 0 takes any free one.")
    proxy_from: tuple[Network, ...] = Field(
        default=(),
        description="Load balancers that must send the PROXY header (v1 or v2). Empty: no header is expected, "
        "and one that comes closes the connection. Anybody else's connection is closed.",
    )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return _LOOPBACK.contains(parse_address(self.address))


class Sftp(Section):
    """The SFTP door."""

    host_keys: Path = Field(
        default=Path("keys/host"), description="Folder of host keys, one OpenSSH private key a file, 0600."
    )
    chacha20: bool = Field(
        default=False, description="Also offer chacha20-poly1305, for clients without AES hardware; slower here."
    )
    encrypt_and_mac: bool = Field(
        default=False, description="Also offer hmac-sha2 in its old mode, for clients whose libssh2 is older than 1.11."
    )
    max_unauthenticated: Count = Field(
        default=100, description="Connections that have not signed on yet, from everybody."
    )
    max_unauthenticated_per_source: Count = Field(default=10, description="The same, from one address.")
    max_connections: Count = Field(default=1000, description="Connections in all; further ones are closed at once.")
    max_connections_per_account: Count = Field(default=32, description="Signed on as one account at a time.")
    first_request: Lapse = Field(default=timedelta(seconds=20), description="Time to the first authentication request.")
    sign_on: Lapse = Field(default=timedelta(seconds=120), description="Time from the connection to the sign-on.")
    password_change: Lapse = Field(
        default=timedelta(seconds=180), description="The same once a password change was asked for."
    )
    attempts: Count = Field(default=4, description="Refused attempts before the connection is closed.")
    penalty_exempt: tuple[Network, ...] = Field(
        default=(), description="Sources never kept out for their offences: your own monitoring and load balancers."
    )
    channels: Count = Field(default=4, description="SFTP sessions in one connection.")
    handles: Count = Field(default=64, description="Open files and listings in one session.")
    idle: Lapse = Field(
        default=timedelta(minutes=30), description="A session without an SFTP request for this long is closed."
    )
    stall: Lapse = Field(
        default=timedelta(seconds=120),
        description="A request half received, or a reply not read, for this long closes.",
    )
    listeners: tuple[Listener, ...] = Field(
        default=(Listener(),),
        min_length=1,
        description="Where to listen; one table each. Under socket activation the passed sockets count instead.",
    )


class Terms(Section):
    """How long accounts, passwords and files live.  The defaults are the documents' facts."""

    temporary_password: Lapse = Field(
        default=timedelta(hours=48), description="Life of a temporary password (fact 0.12)."
    )
    dormancy: Lapse = Field(
        default=timedelta(days=120), description="An account without a sign-on for this long is refused (fact 0.15)."
    )
    dormancy_unattended: Lapse = Field(
        default=timedelta(days=120), description="The same for unattended accounts (fact 0.15)."
    )
    undo: Span = Field(
        default=timedelta(hours=1), description="A file a person deleted can be brought back for this long."
    )
    interrupted_upload: Lapse = Field(
        default=timedelta(hours=24),
        description="An upload that broke off, or a work name never renamed, is kept for its owner this long.",
    )
    takeover: Lapse = Field(
        default=timedelta(seconds=10),
        description="An upload silent for this long yields when its own account opens the path again.",
    )
    max_failures: Count = Field(
        default=100, description="Wrong passwords in a row, from the account's own addresses, until it is locked."
    )
    request_due: Lapse = Field(
        default=timedelta(days=14), description="Time to decide an access request (fact 0.11); later it is overdue."
    )
    request_expires: Lapse = Field(
        default=timedelta(days=90), description="An access request nobody decided by then cannot be approved any more."
    )
    review_answer: Lapse = Field(
        default=timedelta(days=30),
        description="Time to answer a monthly recertification; then who was not answered for is suspended.",
    )


class Retention(Section):
    """How long files are kept, and when removing stops until somebody looks."""

    standard: Kept = Field(
        default=timedelta(days=90), description="From receipt, for files in folders that say nothing else (fact 0.3)."
    )
    financial: Kept = Field(default=Months(18), description="The same for financial reports (fact 3.11).")
    own: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$")], Kept] = Field(
        default={}, description='Classes of your own, by name, such as remits = "1 months".'
    )
    halt_files: Count = Field(
        default=500, description="More files than this due at once, and more than the percentage, stop the sweep."
    )
    halt_percent: Annotated[int, Field(ge=0, le=100)] = Field(default=5, description="Percent of all files.")
    halt_accounts: Count = Field(default=20, description="More accounts than this due at once stop the purge.")
    halt_drift: Lapse = Field(
        default=timedelta(hours=1), description="A clock that moves further than this while the server runs stops both."
    )

    @model_validator(mode="after")
    def _names_are_their_own(self) -> Self:
        if taken := {"standard", "financial", "inherit"} & set(self.own):
            raise ValueError(f"a class of your own cannot be called {min(taken)}")
        return self

    def terms(self) -> dict[str, Term]:
        """Return the term of every class."""
        return {"standard": self.standard, "financial": self.financial} | self.own


class Mail(Section):
    """Mail: warnings before something ends, and alarms.  Until a host is named, letters wait and the log says so."""

    host: str = Field(default="", description="SMTP server; empty: letters are kept and nothing is sent.")
    port: Port = Field(default=587, description="Its TCP port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is protected; none is taken for a loopback host only."
    )
    ca_file: MaybePath = Field(default=None, description="Certificates to trust instead of the system's.")
    user: str = Field(default="", description="Name to sign on to the SMTP server with; empty: none is needed.")
    password_file: MaybePath = Field(
        default=None, description="File that holds its password, 0600; or the systemd credential smtp_password."
    )
    sender: str = Field(default="", description="The From address; needed once a host is named.")
    operators: tuple[str, ...] = Field(default=(), description="Who gets alarms.")
    timeout: Lapse = Field(default=timedelta(seconds=30), description="For one conversation with the server.")
    templates: MaybePath = Field(
        default=None, description="Folder of letters of your own; else those that came with it."
    )

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        if self.host and not self.sender:
            raise ValueError("sender is needed once a host is named")
        if not all(_is_mailbox(one) for one in filter(None, (self.sender, *self.operators))):
            raise ValueError("sender and operators are mail addresses, such as mft@example.org")
        if self.host and self.security == "none" and self.host not in ("127.0.0.1", "localhost"):
            raise ValueError("security = none is taken for a host on this machine only; use starttls or tls")
        return self


class Requests(Section):
    """Access requests."""

    agreement: str = Field(
        default="confidentiality-2026-01",
        pattern=r"^[a-z0-9][a-z0-9-]{2,63}$",
        description="Name of the confidentiality agreement that has to be accepted: a text file without its ending.",
    )
    agreements: MaybePath = Field(
        default=None, description="Folder of agreements of your own; else those that came with it."
    )


class Allowlist(Section):
    """How many addresses may be listed (facts 0.8, 0.10)."""

    approval_above_entry: Count = Field(
        default=256, description="An entry of more addresses waits for a second person."
    )
    approval_above_list: Count = Field(default=4096, description="A list of more addresses in all waits likewise.")
    refuse_above: Count = Field(default=65_536, description="An entry of more addresses is never taken.")


class Passwords(Section):
    """What a password costs to verify: Argon2id (RFC 9106)."""

    memory: Size = Field(default=64 << 20, ge=8 << 10, description="Memory for one verification.")
    passes: Count = Field(default=3, description="Passes over that memory.")
    hashers: Count = Field(default=2, description="Verifications at a time; each takes the memory above.")


class Storage(Section):
    """Room on the disk that uploads leave free, the smaller of the two; and how often stored bytes are checked."""

    reserve: Size = Field(default=1 << 30, ge=0, description="Bytes to leave free.")
    reserve_percent: int = Field(default=5, ge=0, le=90, description="Percent of the file system to leave free.")
    scrub_every: Lapse = Field(
        default=timedelta(days=30), description="Each file is read back and compared with its SHA-256 about this often."
    )
    scrub_per_run: Size = Field(
        default=1 << 30, ge=1 << 20, description="Bytes read back each hour at most; a file once begun is finished."
    )


class Audit(Section):
    """The audit trail."""

    signing_key: Path = Field(default=Path("keys/audit.key"), description="Ed25519 key that signs checkpoints, 0600.")
    checkpoint_every: Lapse = Field(
        default=timedelta(minutes=10), description="A signed checkpoint is made this often, if anything happened."
    )


class Monitor(Section):
    """Prometheus metrics and /healthz, for this machine only."""

    enabled: bool = Field(default=True, description="Answer /metrics and /healthz.")
    address: Address = Field(default="127.0.0.1", description="A loopback address; anything else is refused.")
    port: Port = Field(default=9722, description="TCP port; 0 takes any free one.")


class Log(Section):
    """Logs: one JSON object a line on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least that is written."
    )


class Settings(Section):
    """The whole file.  Relative paths start at the file's own folder."""

    node: str = Field(
        default="main",
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}$",
        description="This machine's name in the audit trail and sessions.",
    )
    payer: str = Field(
        default="Health plan", min_length=1, description="The health plan's name; never part of a password."
    )
    workers: Annotated[int, Field(ge=1, le=16)] = Field(
        default=1,
        description="Processes that serve SFTP on one port, with one more that watches them. One needs least; "
        "more help on a machine with a core for each, see docs/operations.md.",
    )
    data: Path = Field(
        default=Path("data"), description="Folder of the database, the sealed files and the audit checkpoints."
    )
    database_url: str = Field(
        default="",
        repr=False,
        description="postgresql+psycopg://… or sqlite:////…; empty: mft.db in the data folder. With a password "
        "in it, give it as the systemd credential database_url instead.",
    )
    master_key: Path = Field(
        default=Path("keys/master.key"),
        description="Key that wraps every file's key, 0600; or the systemd credential master_key.",
    )
    trial_networks: tuple[Network, ...] = Field(
        default=(),
        description="Addresses that count as public for a trial on one machine, such as 127.0.0.0/8. "
        "Refused unless every listener is on loopback.",
    )
    sftp: Sftp = Field(default=Sftp(), description=Sftp.__doc__)
    terms: Terms = Field(default=Terms(), description=Terms.__doc__)
    retention: Retention = Field(default=Retention(), description=Retention.__doc__)
    requests: Requests = Field(default=Requests(), description=Requests.__doc__)
    mail: Mail = Field(default=Mail(), description=Mail.__doc__)
    portal: Portal = Field(default=Portal(), description=Portal.__doc__)
    oidc: Oidc = Field(default=Oidc(), description=Oidc.__doc__)
    directory: Directory = Field(default=Directory(), description=Directory.__doc__)
    allowlist: Allowlist = Field(default=Allowlist(), description=Allowlist.__doc__)
    passwords: Passwords = Field(default=Passwords(), description=Passwords.__doc__)
    storage: Storage = Field(default=Storage(), description=Storage.__doc__)
    audit: Audit = Field(default=Audit(), description=Audit.__doc__)
    monitor: Monitor = Field(default=Monitor(), description=Monitor.__doc__)
    log: Log = Field(default=Log(), description=Log.__doc__)

    @model_validator(mode="after")
    def _loopback_where_promised(self) -> Self:
        open_doors = [listener.address for listener in self.sftp.listeners if not listener.is_loopback]
        if self.portal.enabled and not _LOOPBACK.contains(parse_address(self.portal.address)):
            open_doors.append(self.portal.address)
        if self.trial_networks and open_doors:
            raise ValueError(
                f"trial_networks is for a trial on one machine, and a listener is on {open_doors[0]}; "
                "remove trial_networks or let every listener be on 127.0.0.1"
            )
        if not _LOOPBACK.contains(parse_address(self.monitor.address)):
            raise ValueError("monitor.address is not on loopback; metrics and health are for this machine only")
        return self

    @property
    def store_url(self) -> str:
        """Where the database is."""
        return self.database_url or f"sqlite:///{self.data / 'mft.db'}"
