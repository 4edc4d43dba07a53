from __future__ import annotations

import pytest

from simulator.fleet.docker.engine import Quota
from simulator.fleet.docker.storage import quota_bytes

MB = 1024**2


@pytest.mark.parametrize(
    ("quota", "expected"),
    [(Quota.NONE, 0), (Quota.WRITTEN, 2900 * MB), (Quota.WHOLE, 3000 * MB)],
    ids=str,
)
def test_storage_is_the_sum_of_image_and_files(quota: Quota, expected: int) -> None:
    assert quota_bytes(quota, 100 * MB, 3000 * MB) == expected


def test_an_image_that_fills_the_storage_alone_is_rejected() -> None:
    with pytest.raises(ValueError, match="the image takes 3000 MB, must be less than the 3000 MB of storage"):
        quota_bytes(Quota.WRITTEN, 3000 * MB, 3000 * MB)
