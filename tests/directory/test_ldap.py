"""What is particular to an LDAP server: TLS or nothing, its policy, and questions that take too long."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import trustme

import mft.directory.ldap
from mft.directory.conversation import NoAnswer, Talk
from mft.directory.ldap import LdapDirectory
from mft.directory.port import Directory
from mft.model.directory import Person, Wrong
from mft.model.errors import Unavailable
from tests.directory.conftest import People
from tests.support.slapd import (
    BASE,
    EXPIRING,
    HOST,
    LENIENT,
    MOST_FAILURES,
    PEOPLE,
    READER,
    READER_PASSWORD,
    Slapd,
    overheard,
    running_slapd,
    silent,
)

SCHEMES = pytest.mark.parametrize("scheme", ["ldap", "ldaps"])


def directory(slapd: Slapd, scheme: str = "ldap", **other: Any) -> Directory:
    return LdapDirectory(slapd.server(scheme, **other))


async def refuses(asked: Directory, why: str, user: str = "maria") -> None:
    """See that no question is answered."""
    await refused(why, asked.verify(user, "correct horse"), asked.standing(user), asked.groups(user))


async def refused(why: str, *questions: Awaitable[Any]) -> None:
    for question in questions:
        with pytest.raises(Unavailable, match=why) as said:
            await question
        assert "correct horse" not in str(said.value)
        assert READER_PASSWORD not in str(said.value)


@SCHEMES
async def test_a_certificate_that_nobody_vouches_for_gets_nothing(
    slapd: Slapd, people: People, tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
):
    people.add("maria")
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    # Nor does the environment talk us out of it, or trust more than we do.
    monkeypatch.setenv("LDAPTLS_REQCERT", "never")
    (tmp_path / "trusted").mkdir()
    shutil.copy(slapd.ca_file, tmp_path / "trusted")
    monkeypatch.setenv("LDAPTLS_CACERTDIR", str(tmp_path / "trusted"))
    await refuses(directory(slapd, scheme, ca_file=tmp_path / "other.pem"), "ConnectionError|LDAPError")
    await refuses(directory(slapd, scheme, ca_file=None), "ConnectionError|LDAPError")


@SCHEMES
async def test_a_certificate_of_another_host_gets_nothing(slapd: Slapd, people: People, scheme: str):
    people.add("maria")
    port = slapd.clear if scheme == "ldap" else slapd.tls
    await refuses(directory(slapd, scheme, url=f"{scheme}://localhost:{port}"), "ConnectionError|LDAPError")


async def test_a_file_that_holds_no_certificate_is_named(slapd: Slapd, tmp_path: Path):
    (tmp_path / "ca.pem").write_text("nothing")
    await refuses(directory(slapd, ca_file=tmp_path / "ca.pem"), "holds no certificates")
    await refuses(directory(slapd, ca_file=tmp_path / "missing.pem"), "holds no certificates")


async def test_a_server_that_offers_no_starttls_gets_neither_a_name_nor_a_password():
    with running_slapd(tls=False) as bare, overheard(bare.clear) as (port, heard):
        bare.add("maria", "correct horse")
        await refuses(directory(bare, url=f"ldap://{HOST}:{port}"), "ProtocolError|LDAPError")
    line = b"".join(heard)
    assert b"1.3.6.1.4.1.1466.20037" in line, "StartTLS was asked for"
    for secret in (b"correct horse", READER_PASSWORD.encode(), READER.encode(), b"maria"):
        assert secret not in line


@SCHEMES
async def test_nothing_that_matters_is_said_in_clear(slapd: Slapd, people: People, scheme: str):
    people.add("maria")
    with overheard(slapd.clear if scheme == "ldap" else slapd.tls) as (port, heard):
        asked = directory(slapd, scheme, url=f"{scheme}://{HOST}:{port}")
        assert isinstance(await asked.verify("maria", "correct horse"), Person)
    line = b"".join(heard)
    for secret in (b"correct horse", READER_PASSWORD.encode(), READER.encode(), b"maria"):
        assert secret not in line


async def ticks(during: Awaitable[None]) -> int:
    """Return how often the loop came round meanwhile."""
    waiting = asyncio.ensure_future(during)
    rounds = 0
    while not waiting.done():
        await asyncio.wait({waiting}, timeout=0.02)
        rounds += 1
    await waiting
    return rounds


@SCHEMES
async def test_a_silent_server_is_left_in_time_and_holds_up_nobody_else(slapd: Slapd, scheme: str):
    with silent() as port:
        asked = directory(slapd, scheme, url=f"{scheme}://{HOST}:{port}", seconds=1)
        began = monotonic()
        rounds = await ticks(refuses(asked, "did not answer within 1 s"))
    assert monotonic() - began < 6
    assert rounds > 10


def offspring() -> set[str]:
    """Return the processes that this one started and that have not ended."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def shown_of(process: str) -> bytes:
    """Return what everybody on the machine sees of *process*, and what its owner does."""
    return b"".join(Path(f"/proc/{process}/{what}").read_bytes() for what in ("cmdline", "environ"))


async def test_a_question_leaves_no_process_and_its_own_shows_no_secret(slapd: Slapd):
    before = offspring()
    with silent() as port:
        asked = directory(slapd, url=f"ldap://{HOST}:{port}", seconds=30)
        waiting = asyncio.ensure_future(asked.verify("maria", "correct horse"))
        while not (found := offspring() - before):
            await asyncio.wait({waiting}, timeout=0.01)
        shown = b"".join(shown_of(one) for one in found)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert b"correct horse" not in shown
    assert READER_PASSWORD.encode() not in shown
    assert offspring() <= before


async def test_only_so_many_ask_at_once(slapd: Slapd, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mft.directory.ldap, "_AT_ONCE", 1)
    with silent() as port:
        asked = directory(slapd, url=f"ldap://{HOST}:{port}", seconds=1)
        both = await asyncio.gather(asked.standing("maria"), asked.standing("bob"), return_exceptions=True)
        assert sorted("wait for it already" in str(one) for one in both) == [False, True]
        with pytest.raises(Unavailable, match="did not answer"):
            await asked.standing("maria")


async def test_a_server_without_the_library_says_what_to_install(slapd: Slapd, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mft.directory.ldap, "find_spec", lambda _name: None)
    await refuses(directory(slapd), r"pip install 'mft\[ldap\]'")


@pytest.mark.parametrize("many", [2, 4])
async def test_a_name_that_several_have_is_nobodys(slapd: Slapd, people: People, many: int):
    for number in range(many):
        people.add("twin", cn=f"twin {number}")
    await refuses(directory(slapd), "more than one person", "twin")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"base": f"ou=empty,{BASE}"}, "no person at all"),
        ({"base": f"ou=nowhere,{BASE}"}, "no person at all|NoSuchObject"),
        ({"person": "account"}, "no person at all"),
        ({"bind_dn": ""}, "no person at all|NoSuchObject"),
        ({"bind_dn": PEOPLE}, "does not let us search"),
    ],
    ids=str,
)
async def test_where_nobody_is_seen_nobody_is_gone(slapd: Slapd, people: People, wrong: dict[str, str], why: str):
    people.add("maria")
    await refuses(directory(slapd, **wrong), why)


async def test_a_person_of_another_class_is_nobody(slapd: Slapd, people: People):
    people.add("maria")
    assert await directory(slapd, user="description").verify("maria", "correct horse") == Wrong()


async def test_somebody_whose_mark_is_not_shown_cannot_be_judged(slapd: Slapd):
    slapd.add("hermit", "correct horse", below=f"ou=hidden,{BASE}")
    asked = directory(slapd, base=BASE)
    await refused("shows no pwdChangedTime", asked.verify("hermit", "correct horse"), asked.standing("hermit"))


async def test_somebody_without_a_password_is_wrong(slapd: Slapd, people: People):
    people.add("maria", password=None, pwdLastSet="1")
    assert await directory(slapd, mark="pwdLastSet").verify("maria", "correct horse") == Wrong()


@pytest.mark.parametrize(("locks_end", "enabled"), [(False, False), (True, True)])
async def test_whom_wrong_passwords_locked_is_wrong(slapd: Slapd, people: People, *, locks_end: bool, enabled: bool):
    people.add("maria")
    asked = directory(slapd, locks_end=locks_end)
    for _ in range(MOST_FAILURES):
        assert await asked.verify("maria", "guess") == Wrong()
    assert await asked.verify("maria", "correct horse") == Wrong()
    assert (await asked.standing("maria")).enabled is enabled


@pytest.mark.parametrize(
    "note",
    [{"pwdPolicySubentry": EXPIRING}, {"pwdPolicySubentry": LENIENT}, {"pwdReset": "TRUE"}],
    ids=["expired", "grace", "must change"],
)
async def test_a_password_that_is_good_only_for_being_changed_is_wrong(
    slapd: Slapd, people: People, note: dict[str, str]
):
    people.add("maria", **note)
    assert await directory(slapd).verify("maria", "correct horse") == Wrong()
    assert (await directory(slapd).standing("maria")).enabled


async def test_active_directorys_mark_and_switch_are_understood(slapd: Slapd, people: People):
    people.add("maria", pwdLastSet="133800000000000000", userAccountControl="512")
    people.add("bob", pwdLastSet="133800000000000001", userAccountControl="514")
    asked = directory(slapd, mark="pwdLastSet")
    assert await asked.verify("maria", "correct horse") == Person("maria", "133800000000000000")
    assert await asked.verify("bob", "correct horse") == Wrong()
    assert not (await asked.standing("bob")).enabled


def talk(slapd: Slapd) -> Talk:
    server = slapd.server()
    return Talk(asdict(server) | {"ca_file": str(server.ca_file)}, READER_PASSWORD)


def set_password(slapd: Slapd) -> None:
    slapd.set_password("maria", "battery staple")


def lock(slapd: Slapd) -> None:
    slapd.put("maria", "pwdAccountLockedTime", "000001010000Z")


@pytest.mark.fact("2.2")
@pytest.mark.parametrize("change", [set_password, lock])
def test_somebody_who_is_changed_while_we_ask_is_asked_about_again(
    slapd: Slapd, people: People, monkeypatch: pytest.MonkeyPatch, change: Callable[[Slapd], None]
):
    people.add("maria")
    opens = Talk._opens  # noqa: SLF001  (the bind: the change comes right behind it)

    def then_changed(self: Talk, name: str, password: str) -> bool:
        fits = opens(self, name, password)
        change(slapd)
        return fits

    assert talk(slapd).verify("maria", "correct horse")["said"] == "person"
    monkeypatch.setattr(Talk, "_opens", then_changed)
    with pytest.raises(NoAnswer, match="changed meanwhile"):
        talk(slapd).verify("maria", "correct horse")


async def test_the_password_we_search_with_is_read_anew_and_kept_from_others(slapd: Slapd, tmp_path: Path):
    file = tmp_path / "reader"
    asked = directory(slapd, bind_password_file=file)
    await refuses(asked, "cannot be read")
    file.write_text("")
    file.chmod(0o644)
    await refuses(asked, "chmod 600")
    file.chmod(0o600)
    await refuses(asked, "holds no password")
    file.write_text("wrong\n")
    # Once: the server locks out whoever is wrong too often, us too.
    await refused("does not let us search", asked.groups("maria"))
    file.write_text(f"{READER_PASSWORD}\n")
    assert (await asked.standing("somebody")).enabled
    await refuses(directory(slapd, bind_password_file=None), "bind_password_file is not")
