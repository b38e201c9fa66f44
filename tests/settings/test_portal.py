"""Roles by groups of the directory: what the configuration may say, and what stops the start."""

from pathlib import Path

import pytest

from mft.model.errors import Invalid
from mft.model.staff import Role
from mft.settings.load import load

TRIAL = '[directory]\nkind = "trial"\ntrial_file = "people.json"\n'
LDAP = '[directory]\nkind = "ldap"\nurl = "ldaps://localhost"\nbase = "dc=plan"\n'
BASED = f'{LDAP}group_base = "ou=groups,dc=plan"\n'

pytestmark = pytest.mark.fact("0.18")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mft.toml"


@pytest.mark.parametrize("above", [TRIAL, BASED])
def test_each_group_has_one_of_the_roles(file: Path, above: str):
    roles = '[directory.roles]\n"cn=ops,ou=groups,dc=plan" = "operator"\ndesk = "service-desk"\n'
    file.write_text(above + roles)
    assert load(file, {}).settings.directory.roles == {
        "cn=ops,ou=groups,dc=plan": Role.OPERATOR,
        "desk": Role.SERVICE_DESK,
    }


def test_no_group_has_a_role_unless_it_is_said(file: Path):
    file.write_text(BASED)
    assert load(file, {}).settings.directory.roles == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[directory.roles]\nops = "operator"', "set kind, or remove roles"),
        (f'{TRIAL}[directory.roles]\nops = "boss"', "'operator', 'service-desk', 'liaison' or 'auditor'"),
        (f'{TRIAL}[directory.roles]\nops = ["operator", "auditor"]', "directory.roles.ops"),
        (f'{TRIAL}[directory.roles]\n"" = "operator"', "without a printable name"),
        (f'{TRIAL}[directory.roles]\n" " = "operator"', "without a printable name"),
        (f'{LDAP}[directory.roles]\nops = "operator"', "group_base is needed"),
        (f'{BASED}group_members = ["member)(cn"]', "names of attributes"),
        (f'{BASED}group_members = [""]', "names of attributes"),
        (f'{BASED}person_groups = "member of"', "names of attributes"),
    ],
)
def test_what_could_give_a_role_by_mistake_stops_the_start(file: Path, text: str, said: str):
    file.write_text(text)
    with pytest.raises(Invalid) as refused:
        load(file, {})
    assert said in str(refused.value)


def test_an_attribute_can_be_left_out(file: Path):
    file.write_text(f'{BASED}group_members = []\nperson_groups = ""')
    assert load(file, {}).settings.directory.group_members == ()


def test_the_environment_writes_them_as_json(file: Path):
    file.write_text(TRIAL)
    environ = {"MFT_DIRECTORY__ROLES": '{"desk": "service-desk"}', "MFT_DIRECTORY__GROUP_MEMBERS": '["member"]'}
    directory = load(file, environ).settings.directory
    assert (directory.roles, directory.group_members) == ({"desk": Role.SERVICE_DESK}, ("member",))
