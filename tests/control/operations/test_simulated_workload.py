"""The workload that only records: its calls, its state, and failures by phase."""

from __future__ import annotations

import pytest

from simulator.control.operations.workload import WorkloadFailed
from simulator.model.resources.phase import Phase
from tests.control.api_stage import Stage
from tests.virtual import run_virtual

ARN = "arn:aws:apprunner:us-east-1:123456789012:service/hello/1"


def test_a_scripted_failure_happens_once() -> None:
    async def main() -> None:
        async with Stage() as stage:
            workload = stage.workload
            workload.fail("hello", "bind_domain")
            with pytest.raises(WorkloadFailed, match="bind_domain failed"):
                await workload.bind_domain(ARN, ("a.dev",))
            await workload.bind_domain(ARN, ("a.dev", "www.a.dev"))
            assert workload.domains == {"a.dev": ARN, "www.a.dev": ARN}
            await workload.unbind_domain(ARN, ("a.dev", "never.dev"))
            assert workload.domains == {"www.a.dev": ARN}

    run_virtual(main)


@pytest.mark.parametrize("before", [Phase.SOURCE_READY, Phase.HEALTHY])
def test_a_creation_fails_before_the_phase_that_was_given(before: Phase) -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.workload.fail("hello", "provision", before=before)
            arn = stage.create()
            await stage.settled()
            assert stage.status(arn) == "CREATE_FAILED"
            assert stage.workload.calls == [("provision", "hello", 1)]
            assert arn not in stage.workload.running

    run_virtual(main)
