"""The control plane compared with its reference model: any calls of several clients, with time and crashes in between.

After every step it is checked that:

- every call succeeded or was rejected as in the model, with the same error;
- what was acknowledged exists, even after a crash that only the files survive;
- every service has the status of the model, and every operation made transitions of the table only;
- identifiers are unique among all that ever existed; quotas are enforced (the model rejects at them);
- no account or Region sees resources of another.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from simulator.control.operations.workload import WorkloadFailed
from simulator.model.resources.phase import Phase
from tests.control.api_stage import IMAGE
from tests.machines import control_reference as reference
from tests.machines.control_plane_under_test import CLIENTS, ControlPlaneUnderTest, head, scaling_arn
from tests.machines.control_reference import BEGINS, BUILT_IN, Domain, Service

STEPS = {
    "CreateService": "provision",
    "StartDeployment": "deploy",
    "PauseService": "pause",
    "ResumeService": "resume",
    "DeleteService": "delete",
}
FAILURE = WorkloadFailed("It was to fail.")
# No sum of a few of these is the duration of an operation, so that nothing ends at the moment at which it is compared.
WAITS_S = (0.7, 50.3, 181.1, 400.9, 4000.9)
AFTER_CRASH_S = 0.01
PICK_MAX = 60

clients = st.integers(0, len(CLIENTS) - 1)
letters = st.sampled_from("abcd")
picks = st.integers(0, PICK_MAX)
fails = st.integers(0, 3).map(lambda drawn: drawn == 3)
waits = st.sampled_from((0.0, 0.7, 181.1, 400.9, 400.9, 400.9))
scalings = st.sampled_from(("busy", "busy", "calm", "idle"))
hosts = st.sampled_from(("one.com", "two.com", "three.com"))
hubs = st.sampled_from(("hub1", "hub2", "hub3"))


class ControlMachine(RuleBasedStateMachine):
    calls: ClassVar[int] = 0  # made by the rules of all examples; those of comparisons are not counted
    crashes: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.plane = ControlPlaneUnderTest()
        self.reference = self.plane.reference
        self.workload = self.plane.workload

    @initialize(crash_at_once=st.booleans())
    def begin(self, crash_at_once: bool) -> None:
        """Create some resources first, so that most calls concern existing ones."""
        for client in range(len(CLIENTS)):
            self.create_scaling(client, "busy")
            self.create_service(client, "z", fails=False, scaling=None, wait_s=0.0)
        if crash_at_once:
            self.crash()
        self.time_passes(400.9)

    def teardown(self) -> None:
        self.plane.close()

    def call(self, client: int, operation: str, expected: str | None, **request: Any) -> dict[str, Any]:
        type(self).calls += 1
        return self.plane.call(client, operation, expected, **request)

    def begun(self, service: Service, operation: str, answer: dict[str, Any], *, fails: bool) -> None:
        if "OperationId" in answer:
            self.plane.new_id(answer["OperationId"])
            service.begin(operation, answer["OperationId"], self.reference.now, fails=fails)
            service.settle(self.reference.now)

    # --- services --------------------------------------------------------------------------------------------------

    @rule(client=clients, letter=letters, fails=fails, scaling=st.none() | scalings, wait_s=waits)
    def create_service(self, client: int, letter: str, fails: bool, scaling: str | None, wait_s: float) -> None:
        owner_key, name = self.reference.shelves[client], f"{letter}-of-{client}"
        expected = owner_key.create(name, scaling)
        if fails and expected is None:
            self.workload.fail(name, "provision", before=Phase.SOURCE_READY, failure=FAILURE)
        request = {"ServiceName": name, "SourceConfiguration": IMAGE}
        if scaling is not None:
            request["AutoScalingConfigurationArn"] = scaling_arn(client, scaling)
        answer = self.call(client, "CreateService", expected, **request)
        if answer:
            revision = owner_key.default if scaling is None else owner_key.latest(scaling)
            assert revision is not None
            arn = answer["Service"]["ServiceArn"]
            for identifier in (arn, answer["Service"]["ServiceUrl"]):
                self.plane.new_id(identifier)
            owner_key.services.pop(name, None)
            owner_key.services[name] = service = Service(arn, "CREATE_FAILED", revision)
            self.begun(service, "CreateService", answer, fails=fails)
        self.time_passes(wait_s)

    @rule(
        pick=picks,
        operation=st.sampled_from(sorted(BEGINS)),
        fails=fails,
        scaling=st.none() | scalings,
        wait_s=waits,
    )
    def operate(self, pick: int, operation: str, fails: bool, scaling: str | None, wait_s: float) -> None:
        client, name = self.picked(pick)
        owner_key, now = self.reference.shelves[client], self.reference.now
        scaling = scaling if operation == "UpdateService" else None
        service, expected = owner_key.find(name, now), owner_key.operate(name, operation, scaling, now)
        begins = service is not None and expected is None and service.status in BEGINS[operation]
        if service is not None and begins and fails:
            self.script_failure(name, service, operation)
        request: dict[str, Any] = {"ServiceArn": self.plane.service_arn(client, name)}
        if scaling is not None:
            request["AutoScalingConfigurationArn"] = scaling_arn(client, scaling)
        elif operation == "UpdateService":
            request["SourceConfiguration"] = IMAGE
        answer = self.call(client, operation, expected, **request)
        assert begins == ("OperationId" in answer)
        if service is not None and begins:
            service.scaling = (owner_key.latest(scaling) if scaling else None) or service.scaling
            self.begun(service, operation, answer, fails=fails)
        self.time_passes(wait_s)

    def script_failure(self, name: str, service: Service, operation: str) -> None:
        step = STEPS.get(operation, "provision" if service.stable == "CREATE_FAILED" else "deploy")
        before = Phase.SOURCE_READY if step in {"deploy", "provision"} else None
        self.workload.fail(name, step, before=before, failure=FAILURE)

    @rule(pick=picks, other=clients)
    def look_at_another_client(self, pick: int, other: int) -> None:
        client, name = self.picked(pick)
        found = self.reference.shelves[client].find(name, self.reference.now)
        expected = None if client == other and found else reference.NOT_FOUND
        self.call(other, "DescribeService", expected, ServiceArn=self.plane.service_arn(client, name))

    @rule(pick=picks, key=st.sampled_from("kl"), value=letters)
    def tag(self, pick: int, key: str, value: str) -> None:
        client, name = self.picked(pick)
        service = self.reference.shelves[client].find(name, self.reference.now)
        expected = reference.NOT_FOUND if service is None else None if service.lifetimes else reference.STATE
        tags = [{"Key": key, "Value": value}]
        self.call(client, "TagResource", expected, ResourceArn=self.plane.service_arn(client, name), Tags=tags)
        if service is not None and expected is None:
            service.tags[key] = value

    @rule(pick=picks, host=hosts, away=st.booleans())
    def link_a_domain(self, pick: int, host: str, away: bool) -> None:
        client, name = self.picked(pick)
        service = self.reference.shelves[client].find(name, self.reference.now)
        request: dict[str, Any] = {"ServiceArn": self.plane.service_arn(client, name), "DomainName": host}
        if away:
            operation, expected = "DisassociateCustomDomain", self.reference.disassociate(service, host)
        else:
            operation, expected = "AssociateCustomDomain", self.reference.associate(service, host)
            request["EnableWWWSubdomain"] = False
        if self.call(client, operation, expected, **request):
            assert service is not None
            service.domains[host] = Domain(self.reference.now, deleting=away)

    def picked(self, pick: int) -> tuple[int, str]:
        """Choose a service that exists or existed, existing ones more often; sometimes one that never existed."""
        known = [
            (client, name) for client, owner_key in enumerate(self.reference.shelves) for name in owner_key.services
        ]
        known += [
            (client, name) for client, owner_key in enumerate(self.reference.shelves) for name in owner_key.living()
        ]
        return known[pick % len(known)] if known and pick != PICK_MAX else (0, "absent")

    # --- what services share ---------------------------------------------------------------------------------------

    @rule(client=clients, name=scalings)
    def create_scaling(self, client: int, name: str) -> None:
        owner_key = self.reference.shelves[client]
        request = {"AutoScalingConfigurationName": name}
        answer = self.call(client, "CreateAutoScalingConfiguration", owner_key.new_scaling(name), **request)
        if answer:
            view = answer["AutoScalingConfiguration"]
            self.plane.new_id(view["AutoScalingConfigurationArn"])
            revisions = owner_key.scaling.setdefault(name, {})
            active = [number for number, is_active in revisions.items() if is_active]
            assert view["AutoScalingConfigurationRevision"] == 1 + max(active, default=0)
            revisions[view["AutoScalingConfigurationRevision"]] = True

    @rule(client=clients, name=scalings)
    def delete_scaling(self, client: int, name: str) -> None:
        owner_key = self.reference.shelves[client]
        request = {"AutoScalingConfigurationArn": scaling_arn(client, name)}
        latest = owner_key.latest(name)
        if self.call(client, "DeleteAutoScalingConfiguration", owner_key.delete_scaling(name), **request):
            assert latest is not None
            owner_key.scaling[name][latest[1]] = False

    @rule(client=clients, name=scalings | st.just(BUILT_IN[0]))
    def choose_default(self, client: int, name: str) -> None:
        owner_key = self.reference.shelves[client]
        latest = BUILT_IN if name == BUILT_IN[0] else owner_key.latest(name)
        expected = None if latest else reference.NOT_FOUND
        request = {"AutoScalingConfigurationArn": scaling_arn(client, name)}
        if self.call(client, "UpdateDefaultAutoScalingConfiguration", expected, **request):
            assert latest is not None
            owner_key.default = latest

    @rule(client=clients, name=hubs, away=st.booleans())
    def connect(self, client: int, name: str, away: bool) -> None:
        owner_key = self.reference.shelves[client]
        if away:
            expected = None if name in owner_key.connections else reference.NOT_FOUND
            self.call(client, "DeleteConnection", expected, ConnectionArn=f"{head(client)}connection/{name}")
            owner_key.connections.discard(name)
        elif self.call(client, "CreateConnection", owner_key.connect(name), ConnectionName=name, ProviderType="GITHUB"):
            owner_key.connections.add(name)

    # --- time and crashes ------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from(WAITS_S))
    def time_passes(self, seconds: float) -> None:
        self.plane.passes(seconds)

    @rule()
    def crash(self) -> None:
        type(self).crashes += 1
        self.plane.crash()
        self.plane.passes(AFTER_CRASH_S)

    @invariant()
    def everything_is_as_the_reference_has_it(self) -> None:
        self.plane.look()


TestControl = ControlMachine.TestCase
TestControl.settings = settings(max_examples=settings().max_examples * 2 // 5, stateful_step_count=30)


@pytest.mark.slow
def test_ten_thousand_operations_and_more() -> None:
    before = ControlMachine.calls
    run_state_machine_as_test(ControlMachine, settings=settings(max_examples=320, stateful_step_count=40))
    assert ControlMachine.calls - before >= 10_000
    assert ControlMachine.crashes > 100
