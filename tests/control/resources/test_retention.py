"""Deleted resources stay for the retention time; then they are removed with what belongs to them."""

from __future__ import annotations

import pytest

from simulator.control.api_context import ApiContext, ApiSettings
from simulator.control.resources.retention import Retention
from simulator.model.resources.api_resources import AutoScalingResource, OperationResource, ServiceResource
from simulator.model.resources.arn import AUTO_SCALING, Arn
from tests.control.api_stage import Stage
from tests.virtual import run_virtual

KEPT_S = 100.0


def retention_of(stage: Stage) -> Retention:
    """Return a second retention on the registry of the stage, because that of its API works with every change."""
    context = stage.api.operations  # the identifiers are those of the API; nothing is created here
    return Retention(
        ApiContext(stage.registry, context._identifiers, stage.now, ApiSettings(retention_s=KEPT_S), None)  # type: ignore[arg-type]
    )


def scaling(stage: Stage, name: str, deleted_at: float | None) -> AutoScalingResource:
    arn = str(Arn("us-east-1", "123456789012", AUTO_SCALING, name, 1, "a" * 32))
    return AutoScalingResource(arn, 1, stage.now(), deleted_at, max_concurrency=1, min_size=1, max_size=1)


def sweep(stage: Stage, retention: Retention) -> None:
    with stage.registry.change():
        retention.sweep()


def fail_after_sweep(stage: Stage, retention: Retention) -> None:
    with stage.registry.change():
        retention.sweep()
        raise ZeroDivisionError


def test_only_resources_deleted_longer_than_the_retention_ago_are_removed() -> None:
    async def main() -> None:
        async with Stage() as stage:
            now = stage.now()
            resources = [
                scaling(stage, "lives", None),
                scaling(stage, "recent", now - KEPT_S + 1),
                scaling(stage, "old", now - KEPT_S),
            ]
            with stage.registry.change():
                for resource in resources:
                    stage.registry.put(resource)
            sweep(stage, retention_of(stage))
            kept = [each.name for each in stage.registry.all(AutoScalingResource) if each in resources]
            assert kept == ["lives", "recent"]

    run_virtual(main)


def test_a_service_is_removed_with_its_operations_and_no_other() -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(retention_s=1e9)) as stage:
            other, arn = await stage.running("other"), await stage.running("gone")
            stage.call("DeleteService", ServiceArn=arn)
            await stage.settled()
            await stage.passes(KEPT_S)
            sweep(stage, retention_of(stage))
            assert [each.arn for each in stage.registry.all(ServiceResource)] == [other]
            assert {each.service_arn for each in stage.registry.all(OperationResource)} == {other}

    run_virtual(main)


def test_it_runs_once_a_minute_and_a_change_that_failed_does_not_count() -> None:
    async def main() -> None:
        async with Stage() as stage:
            retention = retention_of(stage)
            with pytest.raises(ZeroDivisionError):
                fail_after_sweep(stage, retention)
            with stage.registry.change():
                stage.registry.put(scaling(stage, "first", stage.now() - KEPT_S))
            sweep(stage, retention)
            assert names(stage) == []  # the failed change did not count as this minute's run
            with stage.registry.change():
                stage.registry.put(scaling(stage, "second", stage.now() - KEPT_S))
            sweep(stage, retention)
            assert names(stage) == ["second"]
            await stage.passes(60)
            sweep(stage, retention)
            assert names(stage) == []

    run_virtual(main)


def names(stage: Stage) -> list[str]:
    return [each.name for each in stage.registry.all(AutoScalingResource)]
