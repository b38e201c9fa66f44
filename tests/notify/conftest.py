"""A certificate for mail servers, made once."""

import pytest

from tests.support.smtp import Certificate, certify


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certify(tmp_path_factory.mktemp("certificate"))
