"""The configuration: documented, complete, and strict at every level."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import BaseModel, ValidationError

from mft.policy.retention import Months
from mft.settings.model import Settings


def sections(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        inner = getattr(field.annotation, "__args__", (field.annotation,))[0]
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from sections(inner)


@pytest.mark.parametrize("section", list(sections(Settings)), ids=lambda s: s.__name__)
def test_every_section_forbids_unknown_keys_and_hides_values_in_errors(section: type[BaseModel]):
    assert section.model_config["extra"] == "forbid"
    assert section.model_config["hide_input_in_errors"]


@pytest.mark.parametrize("section", list(sections(Settings)), ids=lambda s: s.__name__)
def test_every_key_says_what_it_does(section: type[BaseModel]):
    undocumented = [name for name, field in section.model_fields.items() if not field.description]
    assert undocumented == []


@pytest.mark.fact("0.3")
@pytest.mark.fact("0.12")
@pytest.mark.fact("0.15")
def test_the_defaults_are_the_documents_terms():
    settings = Settings().model_dump(mode="json")
    assert (settings["terms"]["temporary_password"], settings["terms"]["dormancy"]) == ("48 h", "120 d")
    assert (settings["retention"]["standard"], settings["retention"]["financial"]) == ("90 d", "18 months")


def test_a_class_of_ones_own_is_kept_in_days_or_calendar_months():
    retention = Settings.model_validate({"retention": {"own": {"remits": "7 months", "scratch": "36 h"}}}).retention
    assert retention.terms() == {
        "standard": timedelta(days=90),
        "financial": Months(18),
        "remits": Months(7),
        "scratch": timedelta(hours=36),
    }
    assert retention.model_dump(mode="json")["own"] == {"remits": "7 months", "scratch": "36 h"}


@pytest.mark.parametrize("name", ["standard", "financial", "inherit", "Remits", "r", "-x", "a b", ""])
def test_a_class_of_ones_own_takes_no_name_that_is_taken_or_cannot_be_typed(name: str):
    with pytest.raises(ValidationError):
        Settings.model_validate({"retention": {"own": {name: "90 d"}}})


@pytest.mark.parametrize(
    "term", ["0 months", "0 d", "18", "1.5 months", "-1 months", "18 years", "1201 months", "36526 d"]
)
def test_a_class_that_keeps_nothing_or_nobody_knows_how_long_is_refused(term: str):
    with pytest.raises(ValidationError):
        Settings.model_validate({"retention": {"own": {"remits": term}}})


def test_trial_networks_are_refused_when_any_listener_is_not_on_loopback():
    trial = {"trial_networks": ["127.0.0.0/8"]}
    with pytest.raises(ValidationError, match=r"a listener is on 0\.0\.0\.0"):
        Settings.model_validate(trial)
    listeners = [{"address": "127.0.0.1"}, {"address": "192.0.2.1"}]
    with pytest.raises(ValidationError, match=r"a listener is on 192\.0\.2\.1"):
        Settings.model_validate({**trial, "sftp": {"listeners": listeners}})
    Settings.model_validate({**trial, "sftp": {"listeners": listeners[:1]}})


def test_the_monitor_listens_on_loopback_only():
    with pytest.raises(ValidationError, match="for this machine only"):
        Settings.model_validate({"monitor": {"address": "0.0.0.0"}})  # noqa: S104  (what is refused)


@pytest.mark.parametrize("span", ["48", "48 hours", 48, "-1 h", "0 s", True, "1.5 h"])
def test_a_duration_without_a_unit_or_of_nothing_is_refused(span: object):
    with pytest.raises(ValidationError):
        Settings.model_validate({"terms": {"temporary_password": span}})


@pytest.mark.parametrize(
    ("written", "seconds"), [("90 s", 90), ("2min", 120), ("48 h", 172_800), ("120 d", 10_368_000)]
)
def test_durations_read_as_people_write_them(written: str, seconds: int):
    settings = Settings.model_validate({"terms": {"temporary_password": written}})
    assert settings.terms.temporary_password.total_seconds() == seconds


@pytest.mark.parametrize(("written", "size"), [("64 MiB", 64 << 20), ("1 GiB", 1 << 30), (65536, 65536)])
def test_sizes_read_as_people_write_them(written: object, size: int):
    assert Settings.model_validate({"passwords": {"memory": written}}).passwords.memory == size
