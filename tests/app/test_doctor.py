"""What the doctor finds."""

import socket
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from mft.app.build import open_house
from mft.app.doctor import Finding, Standing, examine
from mft.clock import SystemClock
from mft.crypto.tls import trial_certificate
from mft.model.session import Actor, Door
from mft.model.staff import Role
from mft.policy.breaker import Cause, Halt
from mft.settings.load import Loaded
from mft.store import halts
from tests.support.clock import MovingClock
from tests.support.crooked import CLIENT_ID, crooked_provider
from tests.support.installed import Installed, installed


@pytest.fixture
def made(tmp_path: Path) -> Installed:
    return installed(tmp_path / "d")


def bad(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings if finding.standing is Standing.BAD}


def test_a_fresh_server_has_nothing_bad_and_every_check_reports(made: Installed):
    findings = examine(made.loaded())
    assert bad(findings) == {}
    checks = {finding.check for finding in findings}
    assert checks == {
        "permissions",
        "keys",
        "database",
        "clock",
        "staff",
        "classes",
        "blobs",
        "space",
        "retention",
        "ports",
        "workers",
        "sign-on",
        "portal",
        "directory",
        "provider",
    }


def test_a_server_that_whoever_opens_operates_is_doubtful_until_somebody_has_a_role(made: Installed):
    def staff() -> Finding:
        return next(finding for finding in examine(made.loaded()) if finding.check == "staff")

    assert (staff().standing, "mft staff add" in staff().mend) == (Standing.DOUBTFUL, True)
    with open_house(made.loaded().settings) as house:
        house.staff.add(Actor(Door.CLI, "olga"), "olga", Role.OPERATOR)
    assert staff().standing is Standing.GOOD


@pytest.mark.fact("0.18")
def test_groups_with_a_role_leave_no_server_to_whoever_opens_it(made: Installed):
    groups = {"MFT_DIRECTORY__ROLES": '{"desk": "service-desk", "operators": "operator"}'}
    found = next(one for one in examine(made.loaded(**groups)) if one.check == "staff")
    assert (found.standing, "2 groups of the directory" in found.said) == (Standing.GOOD, True)


def open_config(loaded: Loaded) -> None:
    loaded.file.chmod(0o644)


def lose_master(loaded: Loaded) -> None:
    loaded.settings.master_key.unlink()


def lose_database(loaded: Loaded) -> None:
    for file in loaded.settings.data.glob("mft.db*"):
        file.unlink()


@pytest.mark.parametrize(
    ("spoil", "check", "mend"),
    [(open_config, "permissions", "chmod"), (lose_master, "keys", ""), (lose_database, "database", "mft db upgrade")],
)
def test_a_fault_is_bad_and_hides_no_other_check(
    made: Installed, spoil: Callable[[Loaded], None], check: str, mend: str
):
    loaded = made.loaded()
    spoil(loaded)
    findings = examine(loaded)
    assert mend in bad(findings)[check].mend
    assert {"space", "ports", "sign-on"} <= {finding.check for finding in findings}


def test_a_database_that_takes_no_writes_is_bad_since_nobody_could_sign_on(made: Installed):
    file = made.loaded().settings.data / "mft.db"
    found = bad(examine(made.loaded(MFT_DATABASE_URL=f"sqlite:///file:{file}?mode=ro&uri=true")))
    assert list(found) == ["database"]
    assert "nobody can sign on" in found["database"].said


def test_a_clock_that_went_back_behind_the_trail_is_bad(made: Installed):
    yesterday = MovingClock(SystemClock().now() - timedelta(days=1))
    assert "timedatectl" in bad(examine(made.loaded(), yesterday))["clock"].mend


def test_a_port_that_somebody_else_has_is_bad(made: Installed):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        listeners = f'[{{"address": "127.0.0.1", "port": {port}}}]'
        findings = examine(made.loaded(MFT_SFTP__LISTENERS=listeners))
    assert f"sport = :{port}" in bad(findings)["ports"].mend


def test_the_doctor_changes_nothing(made: Installed):
    before = {f: f.read_bytes() for f in made.folder.rglob("*") if f.is_file() and "-" not in f.name}
    examine(made.loaded())
    assert {f: f.read_bytes() for f in made.folder.rglob("*") if f.is_file() and "-" not in f.name} == before


def portal_of(made: Installed, **environ: str) -> list[Finding]:
    return [finding for finding in examine(made.loaded(**environ)) if finding.check == "portal"]


def test_a_portal_that_is_off_is_good_and_one_of_a_trial_waits_for_its_certificate(made: Installed):
    assert [one.said for one in portal_of(made, MFT_PORTAL__ENABLED="false")] == ["it is switched off"]
    assert portal_of(made)[0].said == "a certificate for the trial is made when the server starts"


def test_the_portals_certificate_is_good_until_a_fortnight_before_its_end_and_bad_after_it(made: Installed):
    clock = MovingClock()
    trial_certificate(made.folder / "keys", IPv4Address("127.0.0.1"), clock.now())

    def standing() -> Standing:
        found = (one for one in examine(made.loaded(), clock) if one.check == "portal")
        return next(one.standing for one in found)

    assert standing() is Standing.GOOD
    clock.advance(days=351)
    assert standing() is Standing.DOUBTFUL
    clock.advance(days=14)
    assert standing() is Standing.BAD


def test_a_portals_key_that_others_read_or_that_is_anothers_is_bad(made: Installed, tmp_path: Path):
    now = SystemClock().now()
    _, key = trial_certificate(made.folder / "keys", IPv4Address("127.0.0.1"), now)
    key.chmod(0o644)
    assert "can be used by others" in bad(examine(made.loaded()))["permissions"].said
    _, other = trial_certificate(tmp_path / "other", IPv4Address("127.0.0.1"), now)
    key.write_bytes(other.read_bytes())
    assert "is not the key of" in bad(examine(made.loaded()))["portal"].said


def test_a_portals_port_that_is_taken_is_bad(made: Installed):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = portal_of(made, MFT_PORTAL__PORT=str(taken.getsockname()[1]))
    assert found[-1].standing is Standing.BAD


def test_the_doctor_says_that_removing_stands_still_and_what_to_do(tmp_path: Path):
    loaded = installed(tmp_path / "d").loaded()
    with open_house(loaded.settings) as house, house.store.write() as connection:
        halts.put(connection, Halt(Cause.CLOCK, "the clock moved 2 days ahead"), house.clock.now())
    (found,) = (finding for finding in examine(loaded) if finding.check == "retention")
    assert (found.standing, found.said) == (Standing.DOUBTFUL, "removing stands still: the clock moved 2 days ahead")
    assert "timedatectl" in found.mend
    assert "mft retention run --confirm" in found.mend


def provider_of(made: Installed, **environ: str) -> list[Finding]:
    return [finding for finding in examine(made.loaded(**environ)) if finding.check == "provider"]


def test_a_provider_that_answers_is_good_and_the_operator_is_told_where_it_sends_people_back(made: Installed):
    assert [one.standing for one in provider_of(made)] == [Standing.GOOD]
    with crooked_provider() as crooked:
        named = {"MFT_OIDC__ISSUER": crooked.issuer, "MFT_OIDC__CLIENT_ID": CLIENT_ID}
        named |= {"MFT_OIDC__CA_FILE": str(crooked.ca_file), "MFT_PORTAL__URL": "https://files.example.org"}
        found = provider_of(made, **named)
        assert [one.standing for one in found] == [Standing.GOOD, Standing.DOUBTFUL, Standing.GOOD, Standing.GOOD]
        assert found[-1].said.endswith("https://files.example.org/signin/return")
        crooked.metadata["issuer"] = f"{crooked.issuer}/"
        assert "oidc.issuer" in bad(examine(made.loaded(**named)))["provider"].mend
        crooked.metadata.clear()
        crooked.pages["/keys"] = (404, {}, b"")
        assert "provider" in bad(examine(made.loaded(**named)))
    assert "provider" in bad(examine(made.loaded(**named)))
