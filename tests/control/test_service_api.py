from __future__ import annotations

import pytest

from simulator.model.resources.api_error import ApiError
from tests.control.api_stage import ALICE, Stage, model
from tests.virtual import run_virtual


def test_the_operations_are_those_of_the_service_model() -> None:
    async def main() -> None:
        async with Stage() as stage:
            assert sorted(stage.api.names) == sorted(model().operation_names)
            assert len(stage.api.names) == 37

    run_virtual(main)


def test_an_operation_outside_of_the_model_is_unknown() -> None:
    async def main() -> None:
        async with Stage() as stage:
            with pytest.raises(ApiError, match="UnknownOperationException"):
                stage.api.handle(ALICE, "ListGateways", {})

    run_virtual(main)


def test_a_store_that_fails_is_an_internal_error_and_nothing_has_changed() -> None:
    async def main() -> None:
        stage = Stage()
        stage.store.close()
        error = stage.rejected("CreateConnection", ConnectionName="hub1", ProviderType="GITHUB")
        assert (error.code, error.is_fault) == ("InternalServiceErrorException", True)
        assert stage.api.handle(ALICE, "ListConnections", {})["ConnectionSummaryList"] == []
        stage.api.close()
        await stage.tasks.close()

    run_virtual(main)


def test_a_view_is_rendered_once_until_something_changes() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            first = stage.service(arn)
            assert stage.service(arn) is first
            stage.call("CreateConnection", ConnectionName="hub1", ProviderType="GITHUB")
            assert (stage.service(arn) is first, stage.service(arn) == first) == (False, True)

    run_virtual(main)


def test_the_same_seed_and_calls_give_the_same_identifiers() -> None:
    async def once() -> list[str]:
        async with Stage() as stage:
            await stage.running()
            stage.call("CreateVpcConnector", VpcConnectorName="inside", Subnets=["subnet-1"])
            return [str(stage.call(name)) for name in ("ListServices", "ListVpcConnectors")]

    assert run_virtual(once) == run_virtual(once)
