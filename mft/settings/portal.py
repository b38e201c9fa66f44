"""Settings of the web portal, of the provider people sign in with, and of the directory their passwords live in."""

import re
from datetime import timedelta
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from mft.model.staff import Role
from mft.settings.kinds import Address, Count, Lapse, MaybeMoment, MaybePath, Network, Port, Section

_ATTRIBUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*", re.ASCII)
_WEB: Final = re.compile(r"https?://[^\s]+", re.ASCII)


class Portal(Section):
    """The web portal."""

    enabled: bool = Field(default=False, description="Answer browsers.")
    address: Address = Field(default="127.0.0.1", description="IPv4 address to listen on.")
    port: Port = Field(default=8443, description="TCP port; 0 takes any free one.")
    url: str = Field(
        default="",
        pattern=r"^(https://[a-z0-9.-]+(:[0-9]{1,5})?)?$",
        description="What people type, such as https://files.example.org; empty: https://ADDRESS:PORT. "
        "A request for another host is refused.",
    )
    certificate: MaybePath = Field(default=None, description="TLS certificate chain, PEM.")
    private_key: MaybePath = Field(
        default=None,
        description="Its key, PEM, 0600; or the systemd credential portal_key. Both empty on loopback: one is made.",
    )
    proxy_from: tuple[Network, ...] = Field(
        default=(), description="Load balancers whose X-Forwarded-For is believed (its last address); nobody else's is."
    )
    idle: Lapse = Field(
        default=timedelta(minutes=30), description="A visit without a request for this long ends (fact 3.4)."
    )
    absolute: Lapse = Field(default=timedelta(hours=12), description="Every visit ends this long after the sign-in.")
    body: Count = Field(default=65_536, description="Bytes that a form may have.")
    keys_wait: bool = Field(
        default=False, description="An SSH key that its owner adds opens nothing until an operator has approved it."
    )
    support: str = Field(default="your service desk", description="Whom people should call, as it stands on the pages.")

    @model_validator(mode="after")
    def _is_encrypted(self) -> Self:
        if (self.certificate is None) is not (self.private_key is None):
            raise ValueError("certificate and private_key belong together; name both, or on loopback neither")
        if self.enabled and self.certificate is None and not self.address.startswith("127."):
            raise ValueError("certificate and private_key are needed unless address is on loopback")
        return self


class Oidc(Section):
    """Signing in with an OpenID Connect provider.  Off until an issuer is named."""

    issuer: str = Field(default="", description="The provider's issuer, an https address; empty: off.")
    client_id: str = Field(default="", description="The client id it gave to this portal.")
    client_secret_file: MaybePath = Field(
        default=None, description="File with the client's secret, 0600; or the systemd credential oidc_secret."
    )
    name: str = Field(default="your organization's sign-in", description="What the button calls it.")
    acr: tuple[str, ...] = Field(
        default=(), description="Values of acr that mean MFA; at least one of acr and amr is needed."
    )
    amr: tuple[str, ...] = Field(default=("mfa",), description="Values of amr that mean MFA.")
    claim: str = Field(
        default="preferred_username",
        description="The claim that has to equal the external id of an account for the first link. Never the e-mail.",
    )
    ca_file: MaybePath = Field(default=None, description="Certificates to trust instead of the system's.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.issuer and not self.client_id:
            raise ValueError("client_id is needed once an issuer is named")
        if self.issuer and not (self.acr or self.amr):
            raise ValueError("acr and amr are both empty, so that nothing would prove MFA; name at least one value")
        if self.claim == "email":
            raise ValueError("claim is never the e-mail: whoever can change their address would become somebody else")
        return self


class Directory(Section):
    """The directory where people's passwords live, for SFTP Account Setup/Update.  Off by default."""

    kind: Literal["none", "trial", "ldap"] = Field(
        default="none", description="none, ldap, or trial: a small file of people for first days."
    )
    url: str = Field(default="", description="ldap://host:389 (StartTLS is demanded) or ldaps://host:636.")
    ca_file: MaybePath = Field(default=None, description="Certificates to trust for it instead of the system's.")
    bind_dn: str = Field(default="", description="Who the server searches as.")
    bind_password_file: MaybePath = Field(
        default=None, description="File with that password, 0600; or the systemd credential ldap_password."
    )
    base: str = Field(default="", description="Where people are searched.")
    person: str = Field(default="inetOrgPerson", description="Object class of a person.")
    user: str = Field(default="uid", description="Attribute that holds the user id; it has to equal the external id.")
    mark: str = Field(
        default="pwdChangedTime", description="Attribute that changes with the password: pwdChangedTime or pwdLastSet."
    )
    locks_end: bool = Field(
        default=True,
        description="Only an administrator's lock counts as disabled, not one after wrong passwords, which ends by "
        "itself. Say false where it does not.",
    )
    trial_file: MaybePath = Field(default=None, description="For kind = trial: the file of people.")
    group_base: str = Field(
        default="", description="For kind = ldap: where the groups of [directory.roles] are; others do not count."
    )
    group_members: tuple[str, ...] = Field(
        default=("member", "uniqueMember"),
        description="Attributes of a group that hold its people's names: OpenLDAP and its kind have both, Active "
        "Directory member. Groups within groups are not followed.",
    )
    person_groups: str = Field(
        default="",
        description="Attribute of a person that holds their groups' names, such as memberOf: whoever writes it gives "
        "roles. Empty: only what groups say counts.",
    )
    roles: dict[str, Role] = Field(
        default={},
        description="Roles of those who run the server, by group: a distinguished name, or a name for every group "
        "below group_base that is called so; operator, service-desk, liaison or auditor. For users of the system who "
        "are not on the roll (mft staff); of several roles somebody has the lesser. "
        'Example: { "cn=desk,ou=groups,dc=example,dc=org" = "service-desk" }',
    )
    timeout: Lapse = Field(default=timedelta(seconds=5), description="For one answer.")
    look_again: Lapse = Field(
        default=timedelta(minutes=15), description="Ask about a person again when the last answer is older than this."
    )
    unanswered: Lapse = Field(
        default=timedelta(hours=24), description="While it is down, a known password works this long at most."
    )
    attestation: str = Field(
        default="sftp-setup-1",
        pattern=r"^[a-z0-9][a-z0-9-]{2,63}$",
        description="Name of the text that people agree to (fact 2.9): a text file without its ending. "
        "A new text has a new name.",
    )
    attestations: MaybePath = Field(
        default=None, description="Folder of such texts of your own; else those that came with it."
    )
    attest_again_by: MaybeMoment = Field(
        default=None,
        description="From then on, such as 2026-03-01, who agreed to another text only is refused; "
        "empty: nobody is asked again.",
    )
    identity_links: dict[str, str] = Field(
        default={}, description="Where people change their record, by what the setup page calls them (fact 2.7)."
    )
    information: str = Field(default="", description="Address of the trading partner information page (fact 2.7).")
    solution: str = Field(
        default="NCTracks", description="The system whose files are exchanged, as the setup page calls it (fact 2.5)."
    )
    identity: str = Field(
        default="NCID", description="What people call their user id in the directory, and the system behind it."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.kind == "ldap" and not (self.url and self.base):
            raise ValueError("url and base are needed for kind = ldap")
        if self.kind == "trial" and self.trial_file is None:
            raise ValueError("trial_file is needed for kind = trial")
        if self.roles and self.kind == "none":
            raise ValueError("roles are those of a directory's groups; set kind, or remove roles")
        if self.roles and self.kind == "ldap" and not self.group_base:
            raise ValueError("group_base is needed for roles: only groups below it give one")
        if not all(one.strip() and one.isprintable() for one in self.roles):
            raise ValueError("roles has an entry without a printable name; name its group, or remove it")
        if not all(_ATTRIBUTE.fullmatch(one) for one in (*self.group_members, self.person_groups or "none")):
            raise ValueError("group_members and person_groups are names of attributes, such as member")
        if not all(_WEB.match(link) for link in (*self.identity_links.values(), self.information) if link):
            raise ValueError("information and identity_links are addresses that begin with https:// or http://")
        return self
