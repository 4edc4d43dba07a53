from __future__ import annotations

import pytest

from simulator.builds.runtime_images.names import DEFAULT_PREFIX, Role, check_prefix, image_name, images_of, runtimes_of
from simulator.builds.runtimes import RUNTIMES


def test_every_runtime_has_a_build_image_and_a_run_image_of_its_own() -> None:
    images = images_of(DEFAULT_PREFIX)
    assert set(images) == set(RUNTIMES)
    names = [name for pair in images.values() for name in (pair.build, pair.run)]
    assert len(names) == len(set(names)) == 26
    assert images["PYTHON_311"].build == "apprunner-simulator-python311-build:latest"
    assert image_name(DEFAULT_PREFIX, RUNTIMES["PYTHON_311"], Role.RUN) == "apprunner-simulator-python311:latest"


def test_runtimes_are_selected_by_either_name() -> None:
    assert [runtime.name for runtime in runtimes_of(["python311", "NODEJS_22", "PYTHON_311"])] == [
        "PYTHON_311",
        "NODEJS_22",
    ]
    assert len(runtimes_of([])) == 13


@pytest.mark.parametrize(
    ("name", "near"), [("python312", "python311"), ("NODEJS_20", "NODEJS_2"), ("pyton3", "python3")]
)
def test_an_unknown_runtime_is_reported_with_the_nearest_name(name: str, near: str) -> None:
    with pytest.raises(ValueError, match=rf"^RUNTIME = {name}, must be one of .*; did you mean `{near}"):
        runtimes_of([name])


@pytest.mark.parametrize("prefix", ["", "A", "a b", "a/", "-a", "a:1"])
def test_a_prefix_begins_an_image_name(prefix: str) -> None:
    with pytest.raises(ValueError, match="must be the beginning of an image name"):
        check_prefix(prefix)
