from __future__ import annotations

import pytest

from simulator.model.resources.quotas import Quotas


def test_a_quota_of_zero_is_rejected() -> None:
    with pytest.raises(ValueError, match="quota connections = 0, must be at least 1"):
        Quotas(connections=0)
