"""The server answers or rejects any JSON request; it never fails with an internal error."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simulator.api.calls import ApiCalls
from simulator.model.resources.api_error import ApiError
from tests.api import model_walk
from tests.control.api_stage import ALICE, IMAGE, Stage, check_answer
from tests.virtual import run_virtual

ARN = "arn:aws:apprunner:us-east-1:123456789012:"
GOOD = {each.operation: each.request for each in model_walk.tries() if each.what == "everything given"}

texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "/", "..", "hello", f"{ARN}service/hello", f"{ARN}service/hello/1/2/3", f"{ARN}/", "\0", "é" * 40]
    ),
    st.sampled_from(["connection", "autoscalingconfiguration", "vpcconnector"]).map(lambda kind: f"{ARN}{kind}/a/1"),
    st.text(alphabet="0123456789", min_size=1, max_size=30),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), texts)
values = st.recursive(
    scalars, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(texts, inside, max_size=3), max_leaves=8
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values in a request."""
    found: list[tuple[Any, ...]] = [path] if path else []
    if isinstance(value, dict):
        return found + [each for name, inside in value.items() for each in places(inside, (*path, name))]
    if isinstance(value, list):
        return found + [each for number, inside in enumerate(value) for each in places(inside, (*path, number))]
    return found


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, Any]:
    """Draw an operation with a valid request in which some values are replaced by others or removed."""
    operation = draw(st.sampled_from(sorted(GOOD)))
    if draw(st.integers(0, 9)) == 0:
        return operation, draw(values)
    request = copy.deepcopy(GOOD[operation])
    for place in draw(st.lists(st.sampled_from(places(request)), max_size=4)) if request else []:
        inside: Any = request
        for part in place[:-1]:
            inside = inside[part] if isinstance(inside, dict | list) and _has(inside, part) else None
        if isinstance(inside, dict | list) and _has(inside, place[-1]):
            if draw(st.booleans()):
                inside[place[-1]] = draw(values)
            else:
                del inside[place[-1]]
    return operation, request


def _has(inside: Any, part: Any) -> bool:
    return part in inside if isinstance(inside, dict) else isinstance(part, int) and part < len(inside)


@given(calls=st.lists(calls(), min_size=1, max_size=8))
def test_any_request_is_answered_or_rejected(calls: list[tuple[str, Any]]) -> None:
    async def main() -> None:
        async with Stage() as stage:
            api = ApiCalls(stage.api)
            api.call(ALICE, "CreateService", {"ServiceName": "hello", "SourceConfiguration": IMAGE})
            await stage.settled()
            for operation, request in calls:
                rejection: ApiError | None = None
                try:
                    answer = api.call(ALICE, operation, request)
                except ApiError as error:
                    rejection = error
                else:
                    check_answer(operation, answer)
                    json.dumps(answer, allow_nan=False).encode()
                assert rejection is None or (rejection.status < 500 and len(rejection.message) <= 600), (
                    operation,
                    request,
                )
            await stage.settled()

    run_virtual(main)
