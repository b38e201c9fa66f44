"""The settings' defaults and the rooms' own are the same numbers, so that a test of a room tests the product."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from mft.app import values
from mft.policy.allowlist import AllowlistRules
from mft.policy.penalties import PenaltyRules
from mft.policy.signon import Terms
from mft.settings.model import Settings
from mft.sftp.front.limits import Limits
from mft.vfs.parts import Rules

DEFAULTS = Settings()


def test_the_rooms_work_by_the_numbers_of_the_settings():
    assert values.terms(DEFAULTS) == Terms()
    assert values.allowlist_rules(DEFAULTS) == AllowlistRules()
    assert values.penalty_rules(DEFAULTS) == PenaltyRules()
    assert values.tree_rules(DEFAULTS) == Rules()


def test_the_door_works_by_the_numbers_of_the_settings():
    assert values.door_limits(DEFAULTS) == replace(Limits(), per_source=DEFAULTS.sftp.max_unauthenticated_per_source)


def test_every_number_of_the_settings_reaches_its_room():
    changed = Settings.model_validate(
        {
            "terms": {
                "dormancy": "7 d",
                "dormancy_unattended": "8 d",
                "undo": "11 min",
                "interrupted_upload": "12 h",
                "takeover": "13 s",
                "max_failures": 14,
            },
            "retention": {"standard": "9 d", "financial": "10 months"},
            "allowlist": {"approval_above_entry": 15, "approval_above_list": 16, "refuse_above": 17},
            "storage": {"reserve": 18, "reserve_percent": 19},
            "sftp": {"penalty_exempt": ["192.0.2.0/24"]},
            "directory": {
                "kind": "trial",
                "trial_file": "people.json",
                "look_again": "20 min",
                "unanswered": "21 h",
                "attestation": "sftp-setup-2",
                "attest_again_by": "2026-03-01",
            },
        }
    )
    for made, default in (
        (values.terms(changed), Terms()),
        (values.allowlist_rules(changed), AllowlistRules()),
        (values.tree_rules(changed).terms, Rules().terms),
        (values.tree_rules(changed).reserve, Rules().reserve),
    ):
        same = [name for name in type(made).__dataclass_fields__ if getattr(made, name) == getattr(default, name)]
        assert same == [], type(made).__name__
    setup = values.terms(changed).setup
    assert (setup.look_again, setup.unanswered, setup.text) == (
        timedelta(minutes=20),
        timedelta(hours=21),
        "sftp-setup-2",
    )
    assert setup.renew_by == datetime(2026, 3, 1, tzinfo=UTC)
    assert values.attestations(changed).name == "sftp-setup-2"
    assert values.penalty_rules(changed).exempt == changed.sftp.penalty_exempt


def test_a_moment_is_told_with_or_without_its_offset_and_nothing_else_is_one():
    for text, moment in (
        ("", None),
        ("2026-03-01T12:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00+02:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
    ):
        assert Settings.model_validate({"directory": {"attest_again_by": text}}).directory.attest_again_by == moment
    with pytest.raises(ValidationError, match="is a day or a moment"):
        Settings.model_validate({"directory": {"attest_again_by": "soon"}})
