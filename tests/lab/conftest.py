"""One small comparison for all tests of its presentation."""

from __future__ import annotations

import pytest

from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.compare import Plan, compare
from simulator.lab.compare.comparison import Comparison
from tests.lab.compare.compare_scenarios import step


@pytest.fixture(scope="session")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    candidates = candidates_of(("configured", "knative"), ("cloud-run",), {})
    return compare(Plan([step(tmp_path_factory.mktemp("step"))], candidates, baseline="configured", seeds=3))
