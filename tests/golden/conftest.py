"""The option that writes golden files again, and the runs that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.golden.twice import Twice


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--remake", action="store_true", help="write the golden files again; review the diff")


@pytest.fixture(scope="session")
def twice() -> Iterator[Twice]:
    """Play a scenario twice on first use, and keep both reports."""
    twice = Twice()
    yield twice
    twice.close()


@pytest.fixture
def remake(request: pytest.FixtureRequest) -> bool:
    # The default: this file may be loaded after the options are read, if pytest is given a parent folder.
    return bool(request.config.getoption("--remake", default=False))
