"""The settings' directory becomes the one that is asked, and their provider the one that people sign in with."""

from mft.accounts.staff_groups import GroupRoles
from mft.clock import Clock
from mft.crypto.passwords import Passwords
from mft.directory.ldap import LdapDirectory, LdapServer
from mft.directory.oidc import Client, Provider
from mft.directory.port import Directory
from mft.directory.trial import TrialDirectory
from mft.settings.model import Settings


def directory_of(settings: Settings, passwords: Passwords) -> Directory | None:
    """Return the directory, or None where there is none; opens and reads nothing."""
    named = settings.directory
    if named.kind == "trial" and named.trial_file is not None:
        return TrialDirectory(named.trial_file, passwords)
    if named.kind == "ldap":
        return LdapDirectory(
            LdapServer(
                url=named.url,
                base=named.base,
                bind_dn=named.bind_dn,
                bind_password_file=named.bind_password_file,
                ca_file=named.ca_file,
                person=named.person,
                user=named.user,
                mark=named.mark,
                locks_end=named.locks_end,
                group_base=named.group_base,
                group_members=named.group_members,
                person_groups=named.person_groups,
                timeout=named.timeout,
            )
        )
    return None


def group_roles_of(settings: Settings, directory: Directory | None) -> GroupRoles | None:
    """Return who gives roles by *directory*'s groups, or None where none is named; an empty table gives nobody any."""
    named = settings.directory.roles
    return GroupRoles(directory, named) if directory is not None and named else None


def provider_of(settings: Settings, clock: Clock) -> Provider | None:
    """Return the provider of identities, or None where there is none; opens and reads nothing."""
    named = settings.oidc
    if not named.issuer:
        return None
    return Provider(
        Client(
            issuer=named.issuer,
            client_id=named.client_id,
            client_secret_file=named.client_secret_file,
            acr=named.acr,
            claim=named.claim,
            ca_file=named.ca_file,
        ),
        clock,
    )
