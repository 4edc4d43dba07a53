"""The service model is botocore's, with added operations that botocore does not have yet."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import botocore.session
import pytest

from simulator.api import service_model as module
from simulator.api.service_model import Schema, operation_of, service_model
from simulator.model.resources.api_error import ApiError

EXTRAS = """{"merge": {
    "operations": {"DescribeMore": {"name": "DescribeMore", "input": {"shape": "DescribeMoreRequest"}}},
    "shapes": {"DescribeMoreRequest": {"type": "structure", "members": {"Count": {"shape": "Integer"}}}}
}}"""


@pytest.fixture(autouse=True)
def _fresh_model() -> Iterator[None]:
    service_model.cache_clear()
    yield
    service_model.cache_clear()


def test_the_model_has_the_operations_of_botocore() -> None:
    names = botocore.session.get_session().get_service_model("apprunner").operation_names
    assert sorted(service_model()["operations"]) == sorted(names)


def test_an_addition_is_validated_like_any_other_operation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "service-2.sdk-extras.json").write_text(EXTRAS, encoding="utf-8")
    found = files
    monkeypatch.setattr(module, "files", lambda name: tmp_path if name == "simulator.api" else found(name))
    schema = Schema()
    assert schema.checked("DescribeMore", {"Count": 3, "Other": 4}) == {"Count": 3}
    assert schema.knows("ListServices")
    with pytest.raises(ApiError, match="SerializationException"):
        schema.checked("DescribeMore", {"Count": "three"})


@pytest.mark.parametrize("target", ["", "ListServices", "Lambda.ListServices"])
def test_a_target_of_another_service_is_rejected(target: str) -> None:
    assert operation_of("AppRunner.ListServices") == "ListServices"
    with pytest.raises(ApiError, match="UnknownOperationException"):
        operation_of(target)
