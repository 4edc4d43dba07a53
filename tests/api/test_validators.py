"""Every constraint of the service model is enforced, and nothing that it allows is rejected by validation."""

from __future__ import annotations

import pytest

from simulator.api.calls import ApiCalls
from simulator.model.resources.api_error import ApiError
from tests.api import model_walk
from tests.control.api_stage import ALICE, Stage
from tests.virtual import run_virtual


def verdict_of(calls: ApiCalls, each: model_walk.Try) -> str | None:
    """Return the code of a rejection by the model; None if the request reached the operation."""
    try:
        calls.call(ALICE, each.operation, each.request)
    except ApiError as error:
        is_of_the_model = "validation error" in error.message or error.code == "SerializationException"
        return error.code if is_of_the_model else None
    return None


def test_every_member_is_validated_as_the_service_model_says() -> None:
    async def main() -> None:
        async with Stage() as stage:
            calls = ApiCalls(stage.api)
            tried = list(model_walk.tries())
            wrong = [(str(each), verdict_of(calls, each)) for each in tried if verdict_of(calls, each) != each.verdict]
            assert not wrong
            assert {each.operation for each in tried} == set(stage.api.names)
            # The model has about 250 members in requests; with fewer tries, the walk would have missed some.
            assert len([each for each in tried if each.verdict]) > 600
            assert len([each for each in tried if not each.verdict]) > 600

    run_virtual(main)


def test_a_rejection_names_the_member_and_hides_a_secret() -> None:
    async def main() -> None:
        async with Stage() as stage:
            calls = ApiCalls(stage.api)
            for each in model_walk.tries():
                if each.verdict == "InvalidRequestException":
                    with pytest.raises(ApiError) as caught:
                        calls.call(ALICE, each.operation, each.request)
                    last = [part for part in each.path.split(".") if not part.isdigit() and part != "name"][-1]
                    assert last[0].lower() + last[1:] in caught.value.message, str(each)
                    if "RuntimeEnvironment" in each.path or "Command" in each.path:
                        # those of the path, not of a value
                        assert caught.value.message.count("'") == 2, caught.value.message

    run_virtual(main)


def test_all_violations_are_reported_at_once() -> None:
    async def main() -> None:
        async with Stage() as stage:
            request = {"AutoScalingConfigurationName": "a", "MaxConcurrency": 0, "MinSize": 26, "MaxSize": 0}
            with pytest.raises(ApiError) as caught:
                ApiCalls(stage.api).call(ALICE, "CreateAutoScalingConfiguration", request)
            assert caught.value.message.startswith("5 validation errors detected: ")

    run_virtual(main)
