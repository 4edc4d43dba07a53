from __future__ import annotations

from datetime import UTC, datetime

import pytest

from simulator.model.resources.runtime_support import is_supported


@pytest.mark.parametrize(
    ("runtime", "day", "supported"),
    [
        ("PYTHON_311", (2026, 11, 1), True),
        ("NODEJS_18", (2025, 11, 30), True),
        ("NODEJS_18", (2025, 12, 1), False),
        ("PHP_81", (2025, 12, 30), True),
        ("PHP_81", (2025, 12, 31), False),
    ],
)
def test_new_services_may_use_a_runtime_until_its_end_of_support(
    runtime: str, day: tuple[int, int, int], supported: bool
) -> None:
    assert is_supported(runtime, datetime(*day, tzinfo=UTC).timestamp()) is supported
