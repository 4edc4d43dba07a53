"""A scenario: services, their traffic, the events during a run, and the checks at its end.

`load_scenario` returns a frozen, validated value or raises one ScenarioError with every problem of the file. Each value
is validated by its section (pydantic), rules between two places by validation/cross_field_rules.py; both read the whole
file, so that one mistake does not hide another.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, BinaryIO, Final, Literal, NamedTuple, Self

from pydantic import Field, PlainValidator, PrivateAttr, ValidationError, WithJsonSchema

from simulator.model.wire_fault import BYTES_ONLY
from simulator.scenario.changes import Changes, changed
from simulator.scenario.check_expression import CHECK_SCHEMA, CheckExpression, parse_check
from simulator.scenario.document import Document, parse_document, read_document_text, read_stream_text
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.policy_platform import brought_text, on_own_platforms, policy_with_platform
from simulator.scenario.problems import Problem, ScenarioError
from simulator.scenario.recordings.recordings import recording_notes, recording_problems, too_much
from simulator.scenario.request_numbers import RequestNumbers
from simulator.scenario.sections.application_spec import ApplicationSpec
from simulator.scenario.sections.aws_spec import AwsSpec, ZonesSpec
from simulator.scenario.sections.base_model import RUN_MAX_S, Count, Duration, PositiveDuration, Section
from simulator.scenario.sections.origin_spec import OperationsSpec
from simulator.scenario.sections.policy_spec import PolicySpec, policy_named, policy_of
from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.scenario.sections.timeline_spec import EventSpec, WireFaultSpec
from simulator.scenario.sections.traffic_spec import SourceSpec
from simulator.scenario.user_policy import is_user_policy, user_policy_kind
from simulator.scenario.validation.cross_field_rules import relation_problems
from simulator.scenario.validation.defaults import completed, with_applications
from simulator.scenario.validation.error_messages import explain

Check = Annotated[CheckExpression, PlainValidator(parse_check), WithJsonSchema(CHECK_SCHEMA)]
ServiceName = Annotated[str, Field(pattern="^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]

_NAMELESS: Final = "scenario"


class ScenarioSpec(Section):
    """A scenario file of the App Runner simulator."""

    version: Literal[1] = 1
    """Version of the file format."""
    name: str = ""
    """A short name (default: the name of the file)."""
    description: str = ""
    """What the scenario demonstrates."""
    seed: Count = Field(default=1, ge=0, lt=2**63)
    """Seed of every random stream; the same seed gives the same run."""
    duration_s: Annotated[PositiveDuration, Field(le=RUN_MAX_S)]
    """How long traffic arrives; at most 366 days."""
    warm_up_s: Duration = 0.0
    """Time at the start that checks ignore."""
    services: Mapping[ServiceName, ServiceSpec] = Field(min_length=1)
    """The services, by name (lowercase letters, digits and hyphens)."""
    zones_spec: ZonesSpec = ZonesSpec.unchanged()
    """The Availability Zones of the platform."""
    traffic: tuple[SourceSpec, ...] = ()
    """The sources of requests; their traffic adds up."""
    timeline: tuple[EventSpec, ...] = ()
    """Events that change the platform or its traffic, with their times."""
    operations: OperationsSpec = OperationsSpec.unchanged()
    """Durations of deployments and other operations of the timeline."""
    aws: AwsSpec = AwsSpec.unchanged()
    """The source of secrets and role credentials (real time)."""
    checks: tuple[Check, ...] = ()
    """Checks on the time after the warm-up, such as `p95 < 300 ms` or `web: p95{path:/a} < 1 s`."""

    _document: Document = PrivateAttr(default_factory=lambda: Document(_NAMELESS, {}))
    _brought: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _text: str | None = PrivateAttr(default=None)

    @property
    def file(self) -> str:
        """The file that the scenario was read from, as given."""
        return self._document.file

    @property
    def text(self) -> str | None:
        """The text of the scenario's file, as it was read; None if it was not read from a file."""
        return self._text

    @property
    def brought(self) -> Mapping[str, str]:
        """By service: what a policy chosen by name changed in addition to the policy (`with_policy`), as text."""
        return self._brought

    @property
    def files(self) -> list[Path]:
        """Return the file that the scenario was read from, and the files that it names."""
        recordings = [each.file for source in self.traffic for each in (source.bins, source.trace) if each is not None]
        data = [source.data for source in self.traffic if source.data is not None]
        acls = [file for each in self.services.values() if each.web_acl is not None for file in each.web_acl.files]
        models = [application.model for application in self.applications if application.model is not None]
        return [Path(self.file), *recordings, *data, *acls, *models]

    @property
    def applications(self) -> list[ApplicationSpec]:
        """The applications of all services, and those that its timeline deploys."""
        deployed = [event.deploy.application for event in self.timeline if event.deploy is not None]
        return [*(service.application for service in self.services.values()), *filter(None, deployed)]

    def require(self, clock: str) -> None:
        """Raise ScenarioError unless every service can run on `clock`, a `world.clock.ClockKind`.

        In virtual time nothing real can run, so a simulated application is required; in real time either is accepted.
        """
        problem = self._document.problem
        problems = [
            problem(("services", name, "application", "simulated"), "given: virtual time runs nothing real")
            for name, service in self.services.items()
            if clock == "virtual" and service.application.simulated is None
        ]
        problems += [
            problem(
                ("services", name, "application", "downstream"),
                "given with `at` in real time, or left out: a real application calls real servers",
            )
            for name, service in self.services.items()
            if clock == "real"
            and service.application.is_real
            and any(use.at is None for use in service.application.downstream.values())
        ]
        problems += [
            problem(
                ("services", name, "application", "downstream", resource, "service"),
                "given: virtual time does not call the server of `at`",
            )
            for name, service in self.services.items()
            for resource, use in service.application.downstream.items()
            if clock == "virtual"
            and service.application.simulated is not None
            and "service" not in use.model_fields_set
        ]
        problems += [
            problem(("services", name, "policy"), missing)
            for name in self.services
            if (missing := self._missing_signal(name, clock))
        ]
        problems += [
            problem(("timeline", index, "wire_fault", "kind"), expected)
            for index, event in enumerate(self.timeline)
            if event.wire_fault is not None and (expected := self._missing_bytes(event.wire_fault, clock))
        ]
        problems = problems or self._unplayable_traffic()
        if problems:
            raise ScenarioError(problems)

    def recording_notes(self) -> list[str]:
        """Return notes on how the recordings are played. Raises ScenarioError like `require`."""
        return recording_notes(self.traffic, self.duration_s)

    @cached_property
    def numbers(self) -> RequestNumbers:
        """The numbers of its requests in the rows of a request log."""
        return RequestNumbers(self.traffic, self.checks)

    @property
    def measurable_services(self) -> frozenset[str]:
        """The services with a real and a simulated application: a run in real time measures what the other says."""
        return frozenset(name for name, service in self.services.items() if service.application.is_measurable)

    def sources_of(self, service: str) -> list[int]:
        """Return the positions of the sources that send to `service`."""
        return [index for index, source in enumerate(self.traffic) if source.service == service]

    def demand_unknown(self, service: str) -> str:  # noqa: PLR0911 - one return per reason is the table
        """Return why the number of instances that the service will need, as traffic/demand.py computes it, is unknown
        before a run; empty if it is known.
        """
        simulated = self.services[service].application.simulated
        if simulated is None:
            return "a real application"
        if simulated.paths or simulated.depends_on_size:
            return "an application whose work depends on the path or size of a request"
        if simulated.contention or simulated.coherency:
            return "an application whose requests slow each other down"
        if self.services[service].application.downstream:
            return "an application that calls downstream resources"
        if self.services[service].web_acl is not None:
            return "a web ACL, which blocks requests"
        if any(not self.traffic[index].is_open for index in self.sources_of(service)):
            return "a closed load, whose arrivals depend on the answers"
        if any(self.traffic[index].session for index in self.sources_of(service)):
            return "sessions, whose steps depend on the answers"
        if any(self.traffic[index].retry is not None for index in self.sources_of(service)):
            return "clients that retry, whose arrivals depend on the answers"
        return ""

    def with_measured_paths(self) -> Self:
        """Return the same scenario, in which the paths of measurable services have request numbers of their own."""
        measured = self.measurable_services | self.numbers.measured_services
        numbers = RequestNumbers(self.traffic, self.checks, measured)
        return self.model_copy(update={"numbers": numbers})  # in place of the cached property

    def with_seed(self, seed: int) -> Self:
        """Return the same scenario with another seed. Raises ValueError if it is out of range."""
        if not 0 <= seed < 2**63:
            msg = f"seed = {seed}, must be 0 to {2**63 - 1}"
            raise ValueError(msg)
        return self.model_copy(update={"seed": seed})

    def with_policy(self, name: str, on_error: OnPolicyError = OnPolicyError.STOP) -> Self:
        """Return the same scenario with the policy `name`, with its defaults, in every service.

        The settings of the policy's platform (queue, balancing, probes, actuator) apply where the file does not set
        them. `name` is one of the registry's, or a user's own as `FILE.py:CLASS`, which then gets the start lag of the
        policy that it replaces; `on_error` applies to these.

        Raises:
            ValueError: for an unknown name, a file that is no policy, or if a service has min_size 0 and the policy
                does not scale to zero.
        """
        changes = {
            label: policy_with_platform(service, self._policy(name, label, on_error))
            for label, service in self.services.items()
        }
        changed = self.with_services(changes)
        texts = {label: brought_text(service, changes[label]) for label, service in self.services.items()}
        changed._brought = {label: text for label, text in texts.items() if text}  # noqa: SLF001 a copy of this one
        return changed

    def played_to_the_end(self) -> Self:
        """Return the same scenario with checks that never end a run, so that all runs have the same length."""
        checks = tuple(check._replace(abort_after_s=None) for check in self.checks)
        return self.model_copy(update={"checks": checks})

    def with_services(self, changes: Mapping[str, Mapping[str, object]]) -> Self:
        """Return the same scenario with fields of its services replaced; the new values are not validated."""
        services = {
            label: service.model_copy(update=dict(changes.get(label, {}))) for label, service in self.services.items()
        }
        return self.model_copy(update={"services": services})

    def _policy(self, name: str, label: str, on_error: OnPolicyError) -> PolicySpec:
        service = self.services[label]
        if is_user_policy(name):
            return policy_of(user_policy_kind(name, service.policy.actuator(service.scaling), on_error))
        policy = policy_named(name)
        if service.min_size == 0 and not policy.kind.scales_to_zero:
            msg = f"policy = {name}, must scale to zero since services.{label}.min_size is 0"
            raise ValueError(msg)
        return policy

    def _unplayable_traffic(self) -> list[Problem]:
        """Return problems of invalid recordings, and of more traffic than can be played."""
        problems: list[Problem] = []
        for index, source in enumerate(self.traffic):
            wrong = recording_problems(source, self.duration_s)
            if not wrong and source.is_open and (expected := too_much(source, self.timeline)):
                wrong = [self._document.problem(("traffic", index, "scale"), expected, found=f"{source.scale:g}")]
            problems += wrong
        return problems

    def _missing_bytes(self, fault: WireFaultSpec, clock: str) -> str:
        """Return the possible kinds of wire fault if the service has no connection to modify; otherwise empty."""
        if fault.fault.kind not in BYTES_ONLY:
            return ""
        if clock == "virtual":
            return "latency or status: virtual time has no bytes to change"
        if not self.services[fault.service].application.is_real:
            return "latency or status: a simulated application has no bytes to change"
        return ""

    def _missing_signal(self, name: str, clock: str) -> str:
        """Return the requirement on the policy if it needs a signal that is not available; otherwise empty."""
        service = self.services[name]
        needs, policy, is_real = service.policy.needs, service.policy.name, clock == "real"
        if "demand" in needs:
            unknown = self.demand_unknown(name)
            if is_real and service.application.is_real:
                unknown = unknown or "a real application"
            if unknown:
                return f"a policy that does not need to know the future of {unknown}, as {policy} does"
        return ""


class ScenarioText(NamedTuple):
    """The text of a scenario file, read once, so that later changes to the file have no effect."""

    file: str
    text: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read the file `path`.

        Raises:
            ScenarioError: if the file cannot be read.
        """
        return cls(str(path), read_document_text(path))

    def scenario(self, changes: Changes | None = None) -> ScenarioSpec:
        """Return the scenario with `changes` made. Raises like load_scenario."""
        path = Path(self.file)
        scenario = read_scenario(self.text, file=self.file, folder=path.parent, changes=changes)
        scenario._text = self.text  # noqa: SLF001 - made here
        return scenario if scenario.name else scenario.model_copy(update={"name": path.stem})


def load_scenario(path: Path, changes: Changes | None = None) -> ScenarioSpec:
    """Return the scenario in the file `path` with `changes` made. Paths in it are relative to its folder.

    Raises:
        ScenarioError: with every problem of the file, or if it cannot be read.
        ValueError: if a change names a place that does not exist (changes.py).
    """
    return ScenarioText.of(path).scenario(changes)


def load_scenario_stream(stream: BinaryIO, name: str) -> ScenarioSpec:
    """Return the scenario in a stream, such as standard input. Paths in it are relative to the current folder.

    `name` names the stream in errors, and the scenario if it has no name of its own. Raises like `load_scenario`.
    """
    scenario = read_scenario(read_stream_text(stream, name), file=name)
    return scenario if scenario.name else scenario.model_copy(update={"name": name})


def read_scenario(
    text: str, *, file: str = _NAMELESS, folder: Path = Path(), changes: Changes | None = None
) -> ScenarioSpec:
    """Return the scenario in `text`; paths in it are relative to `folder`. Raises like `load_scenario`."""
    document = changed(parse_document(text, file), changes or {})
    with_models, of_models = with_applications(document, folder)
    data = completed(with_models)
    problems = [*of_models, *relation_problems(dataclasses.replace(document, data=data), folder)]
    scenario: ScenarioSpec | None = None
    try:
        scenario = ScenarioSpec.model_validate(data, context={"folder": str(folder)})
    except ValidationError as error:
        of_fields = explain(error, document, ScenarioSpec)
        # a value that is invalid by itself is reported once, not also by a rule
        told = {problem.path for problem in of_fields}
        problems = [*(problem for problem in problems if problem.path not in told), *of_fields]
    if scenario is None or problems:
        raise ScenarioError(problems)
    own_changes, notes = on_own_platforms(scenario.services)
    if own_changes:
        scenario = scenario.with_services(own_changes)
        scenario._brought = notes  # noqa: SLF001 - made here
    scenario._document = document  # noqa: SLF001 - the one place that makes scenarios
    return scenario
