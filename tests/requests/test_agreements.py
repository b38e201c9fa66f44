"""Which text was signed stays known (fact 0.6)."""

from hashlib import sha256

import pytest

from mft.accounts.agreements import Agreements
from mft.app.shipped import shipped
from mft.model.errors import Conflict, NotFound, Unavailable
from mft.model.request import RequestKind
from tests.requests.conftest import AGREEMENT, Bureau
from tests.support.gate import OLGA

pytestmark = pytest.mark.fact("0.6")


def renamed(bureau: Bureau, name: str) -> None:
    """Let another text be the one in force, as a changed setting does at the next start."""
    bureau.requests._agreements = Agreements(bureau.texts, name)  # noqa: SLF001


def test_the_text_in_force_is_known_by_the_digest_of_its_file(bureau: Bureau):
    text = bureau.requests.agreement()
    raw = (bureau.texts / f"{AGREEMENT}.txt").read_bytes()
    assert (text.name, text.sha256, text.text.encode()) == (AGREEMENT, sha256(raw).digest(), raw)


def test_the_text_that_comes_with_the_program_is_about_confidentiality_and_names_nobody():
    text = (shipped("agreements") / f"{AGREEMENT}.txt").read_text("utf-8")
    assert "HIPAA" in text
    assert "protected health" in text
    assert "responsible for maintaining the security" in text
    assert AGREEMENT in text


def test_a_text_may_change_until_somebody_accepted_it(bureau: Bureau):
    (bureau.texts / f"{AGREEMENT}.txt").write_text("Another text.")
    assert bureau.requests.agreement().text == "Another text."


def test_a_text_that_changed_under_an_accepted_name_is_refused(any_bureau: Bureau):
    kept = any_bureau.requests.agreement()
    any_bureau.submit()
    file = any_bureau.texts / f"{AGREEMENT}.txt"
    file.write_text("Another text.")
    for act in (any_bureau.requests.agreement, lambda: any_bureau.submit(name="rroe", email="rroe@northwind.example")):
        with pytest.raises(Conflict, match="give the new text a new name"):
            act()
    assert len(any_bureau.requests.listing()) == 1
    file.write_bytes(kept.text.encode())
    assert any_bureau.submit(name="rroe", email="rroe@northwind.example").signature is not None


def test_an_accepted_text_outlives_its_file_and_its_successor(bureau: Bureau):
    kept = bureau.requests.agreement()
    made = bureau.submit()
    (bureau.texts / f"{AGREEMENT}.txt").unlink()
    (bureau.texts / "confidentiality-2027-01.txt").write_text("The next text.")
    renamed(bureau, "confidentiality-2027-01")
    assert bureau.requests.agreement().text == "The next text."
    assert bureau.requests.agreement(AGREEMENT) == kept
    assert bureau.requests.approve(OLGA, made.id).account.name == "jdoe"
    with pytest.raises(NotFound):
        bureau.requests.agreement("confidentiality-2025-01")


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"], ids=["missing", "empty", "blank", "no text"])
def test_without_a_text_nobody_can_accept_one(bureau: Bureau, content):
    file = bureau.texts / f"{AGREEMENT}.txt"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Unavailable, match="put"):
        bureau.submit()
    assert bureau.requests.listing() == []


def test_a_removal_needs_no_text(bureau: Bureau):
    (bureau.texts / f"{AGREEMENT}.txt").unlink()
    bureau.gate.account("jdoe")
    assert bureau.about(RequestKind.REMOVE).signature is None
