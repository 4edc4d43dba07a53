from __future__ import annotations

from dataclasses import fields, replace

import pytest

from simulator.model.data_plane import DataPlaneLimits


@pytest.mark.parametrize("name", [field.name for field in fields(DataPlaneLimits)])
@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_that_is_not_positive_is_rejected_by_name(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=rf"^{name} = {value}, must be positive"):
        replace(DataPlaneLimits(), **{name: value})


def test_a_request_line_cannot_be_longer_than_its_head() -> None:
    with pytest.raises(ValueError, match=r"request_line_bytes_max = 2000, must not exceed head_bytes_max = 1000"):
        DataPlaneLimits(request_line_bytes_max=2000, head_bytes_max=1000)
