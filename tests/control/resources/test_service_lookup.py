"""Operations that require a running service."""

from __future__ import annotations

import pytest

from simulator.control.resources.service_lookup import reject_unless_running
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.api_resources import ServiceResource
from tests.control.api_stage import Stage
from tests.virtual import run_virtual


def test_a_service_that_is_not_running_is_rejected_with_its_state() -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.workload.step_s = 10
            arn = stage.create()

            def service() -> ServiceResource:
                found = stage.registry.get(ServiceResource, arn)
                assert found is not None
                return found

            with pytest.raises(ApiError) as rejected:
                reject_unless_running(service(), "The service cannot be paused")
            assert rejected.value.code == "InvalidStateException"
            assert rejected.value.message == (
                "The service cannot be paused in the current state: OPERATION_IN_PROGRESS."
            )
            await stage.settled()
            reject_unless_running(service(), "The service cannot be paused")

    run_virtual(main)
