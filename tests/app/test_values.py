"""The settings' defaults and the rooms' own are the same numbers, so that a test of a room tests the product."""

from dataclasses import replace

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
    assert values.penalty_rules(changed).exempt == changed.sftp.penalty_exempt
