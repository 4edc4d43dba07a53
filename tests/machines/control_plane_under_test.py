"""The control plane under test: it is opened, killed, opened again, and compared with its reference."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from simulator.control.api_context import ApiSettings
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import APP_RUNNER
from simulator.control.principal import Principal
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.operation import TRANSITIONS
from simulator.model.resources.quotas import Quotas
from simulator.world.virtual import VirtualLoop
from tests.control.api_stage import Stage, principal
from tests.control.test_restart import kill
from tests.machines import control_reference as reference
from tests.machines.control_reference import Reference, Service, Shelf
from tests.virtual import rounds

CLIENTS = (principal(), principal(region="eu-west-1"), principal(account="210987654321"))
SETTINGS = ApiSettings(
    quotas=Quotas(
        services=reference.SERVICES_MAX,
        connections=reference.CONNECTIONS_MAX,
        auto_scaling_names=reference.NAMES_MAX,
        auto_scaling_revisions=reference.REVISIONS_MAX,
        custom_domains=reference.DOMAINS_MAX,
    )
)


class ControlPlaneUnderTest:
    """A state folder, a virtual loop, and the control plane that is open on them, if any."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="control-machine-"))
        self.generation = 0
        self.loop = VirtualLoop()
        self.reference = Reference([Shelf() for _ in CLIENTS])
        self.ids: set[str] = set()
        self.seen: dict[str, str] = {}  # operation id, to the status that was seen last
        self.workload = SimulatedWorkload()
        self.open()

    def open(self) -> None:
        async def main() -> Stage:
            path = self.folder / f"{self.generation}.db"
            return Stage(path, profile=APP_RUNNER, settings=SETTINGS, workload=self.workload)

        self.stage = self.loop.run_until_complete(main())

    def crash(self) -> None:
        """Crash: only the files survive, in their current state, and so do the configured failures of the workload."""
        for ending in ("db", "db-wal"):
            shutil.copy(self.folder / f"{self.generation}.{ending}", self.folder / f"{self.generation + 1}.{ending}")
        self.loop.run_until_complete(kill(self.stage))
        self.generation += 1
        self.workload.running.clear()
        self.workload.domains.clear()
        self.open()

    def close(self) -> None:
        self.loop.run_until_complete(kill(self.stage))
        self.loop.close()
        shutil.rmtree(self.folder)

    # --- calls and time --------------------------------------------------------------------------------------------

    def call(self, client: int, operation: str, expected: str | None, **request: Any) -> dict[str, Any]:
        """Return the response; empty if the call was rejected as expected."""

        async def main() -> dict[str, Any]:
            answer = self.handle(CLIENTS[client], operation, expected, request)
            await rounds(20)
            return answer

        return self.loop.run_until_complete(main())

    def handle(self, who: Principal, operation: str, expected: str | None, request: dict[str, Any]) -> dict[str, Any]:
        rejected_with: str | None
        try:
            answer = self.stage.call(operation, who, **request)
        except ApiError as error:
            rejected_with, answer = error.code, {}
        else:
            rejected_with = None
        assert rejected_with == expected, (operation, request)
        return answer

    def passes(self, seconds: float) -> None:
        if seconds:
            self.loop.run_until_complete(self.stage.passes(seconds))
            self.reference.passes(seconds)

    def new_id(self, identifier: str) -> None:
        assert identifier not in self.ids
        self.ids.add(identifier)

    def service_arn(self, client: int, name: str) -> str:
        service = self.reference.shelves[client].services.get(name)
        return service.arn if service is not None else f"{head(client)}service/{name}/{0:032x}"

    # --- comparison ------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Compare everything with the reference."""

        async def main() -> None:
            for client, owner_key in enumerate(self.reference.shelves):
                self.look_at_the_list(CLIENTS[client], owner_key)
                for name in owner_key.services:
                    service = owner_key.find(name, self.reference.now)
                    if service is not None:
                        self.look_at(CLIENTS[client], service)

        self.loop.run_until_complete(main())

    def look_at_the_list(self, who: Principal, owner_key: Shelf) -> None:
        listed: list[str] = []
        page = self.handle(who, "ListServices", None, {"MaxResults": 2})
        listed += [each["ServiceName"] for each in page["ServiceSummaryList"]]
        while "NextToken" in page:
            page = self.handle(who, "ListServices", None, {"MaxResults": 2, "NextToken": page["NextToken"]})
            listed += [each["ServiceName"] for each in page["ServiceSummaryList"]]
        assert listed == owner_key.living()[::-1]
        connections = self.handle(who, "ListConnections", None, {})["ConnectionSummaryList"]
        assert {each["ConnectionName"] for each in connections} == owner_key.connections

    def look_at(self, who: Principal, service: Service) -> None:
        request = {"ServiceArn": service.arn}
        view = self.handle(who, "DescribeService", None, request)["Service"]
        assert view["Status"] == service.status, (service, view)
        scaling = view["AutoScalingConfigurationSummary"]
        assert (scaling["AutoScalingConfigurationName"], scaling["AutoScalingConfigurationRevision"]) == service.scaling
        summaries = self.handle(who, "ListOperations", None, request)["OperationSummaryList"]
        assert [(each["Id"], each["Type"]) for each in summaries] == service.operations[::-1]
        for each in summaries:
            self.look_at_operation(each, runs=service.running is not None and each is summaries[0])
        domains = self.handle(who, "DescribeCustomDomains", None, request)["CustomDomains"]
        now = self.reference.now
        shown = {each["DomainName"]: each["Status"] for each in domains}
        assert shown == {name: each.status(now) for name, each in service.domains.items()}
        if service.running is None and service.stable != "DELETE_FAILED":  # after DELETE_FAILED it is undefined
            assert (service.arn in self.workload.running) == (service.stable == "RUNNING")
        if service.lifetimes:
            tags = self.handle(who, "ListTagsForResource", None, {"ResourceArn": service.arn})["Tags"]
            assert {each["Key"]: each["Value"] for each in tags} == service.tags

    def look_at_operation(self, summary: dict[str, Any], *, runs: bool) -> None:
        before, after = self.seen.get(summary["Id"], "PENDING"), summary["Status"]
        assert after in reachable(before), (before, summary)
        assert ("EndedAt" in summary) is not runs
        self.seen[summary["Id"]] = after


def head(client: int) -> str:
    return f"arn:aws:apprunner:{CLIENTS[client].region}:{CLIENTS[client].account}:"


def scaling_arn(client: int, name: str) -> str:
    return f"{head(client)}autoscalingconfiguration/{name}"


def reachable(status: str) -> set[str]:
    found = {status}
    for _ in TRANSITIONS:
        found |= {str(after) for (before, _), after in TRANSITIONS.items() if before in found}
    return found
