"""The users of a shareable resource: running services, and those that would return to it in a rollback."""

from __future__ import annotations

from simulator.control.resources.resource_users import living_services, users_of
from simulator.model.resources.service_configuration import ServiceConfiguration
from tests.control.api_stage import Stage
from tests.virtual import run_virtual

OWNER = "123456789012/us-east-1"


def scaling_arn(configuration: ServiceConfiguration) -> str | None:
    return configuration.auto_scaling_arn


def test_a_service_uses_a_configuration_until_an_update_to_another_has_succeeded() -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.workload.step_s = 10
            first, second = (
                stage.call("CreateAutoScalingConfiguration", AutoScalingConfigurationName=name)[
                    "AutoScalingConfiguration"
                ]["AutoScalingConfigurationArn"]
                for name in ("first", "second")
            )
            arn = await stage.running(AutoScalingConfigurationArn=first)

            def users(of: str) -> list[str]:
                return [service.arn for service in users_of(stage.registry, OWNER, of, scaling_arn)]

            assert (users(first), users(second)) == ([arn], [])
            stage.call("UpdateService", ServiceArn=arn, AutoScalingConfigurationArn=second)
            assert (users(first), users(second)) == ([arn], [arn])  # a rollback would return to the first
            await stage.settled()
            assert (users(first), users(second)) == ([], [arn])

    run_virtual(main)


def test_deleted_services_use_nothing_and_other_accounts_are_not_counted() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            assert [service.arn for service in living_services(stage.registry, OWNER)] == [arn]
            assert living_services(stage.registry, "210987654321/us-east-1") == []
            stage.call("DeleteService", ServiceArn=arn)
            await stage.settled()
            assert living_services(stage.registry, OWNER) == []

    run_virtual(main)
