"""A small model of the correct responses of the control plane: dictionaries and times, no tasks, no store, no ARNs.

It implements the tables of the facts in another way, so that it does not share a mistake with the code: which call is
rejected and how, when and with which result an operation ends, what is in use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

INVALID, STATE, NOT_FOUND, QUOTA = (
    "InvalidRequestException",
    "InvalidStateException",
    "ResourceNotFoundException",
    "ServiceQuotaExceededException",
)
BUSY = "OPERATION_IN_PROGRESS"
BUILT_IN = ("DefaultConfiguration", 1)

SERVICES_MAX, NAMES_MAX, REVISIONS_MAX, CONNECTIONS_MAX, DOMAINS_MAX = 3, 2, 2, 2, 2
RETENTION_S = 3600.0

BEGINS = {
    "UpdateService": ("RUNNING", "CREATE_FAILED"),
    "StartDeployment": ("RUNNING",),
    "PauseService": ("RUNNING",),
    "ResumeService": ("PAUSED",),
    "DeleteService": ("RUNNING", "PAUSED", "CREATE_FAILED", "DELETE_FAILED"),
}
ALREADY = {"PauseService": "PAUSED", "ResumeService": "RUNNING"}
TYPES = {
    "CreateService": "CREATE_SERVICE",
    "UpdateService": "UPDATE_SERVICE",
    "StartDeployment": "START_DEPLOYMENT",
    "PauseService": "PAUSE_SERVICE",
    "ResumeService": "RESUME_SERVICE",
    "DeleteService": "DELETE_SERVICE",
}
SUCCESS = {"PauseService": "PAUSED", "DeleteService": "DELETED"}  # all others: RUNNING
SHORT_S, LONG_S = 180.0, 300.0  # the `app-runner` profile
WALK = (("creating", 30.0), ("pending_certificate_dns_validation", 300.0), ("binding_certificate", 120.0))
DELETING_S = 60.0

Revision = tuple[str, int]


@dataclass
class Domain:
    since: float
    deleting: bool = False

    def status(self, now: float) -> str | None:
        """Return the status; None if it no longer exists."""
        age = now - self.since
        if self.deleting:
            return "deleting" if age < DELETING_S else None
        for status, lasts_s in WALK:
            if age < lasts_s:
                return status
            age -= lasts_s
        return "active"


@dataclass
class Running:
    """An operation in progress. `id`: as in the response that acknowledged it."""

    operation: str
    fails: bool
    ends_at: float


@dataclass
class Service:
    arn: str
    stable: str  # the status when no operation runs
    scaling: Revision
    deployed: Revision | None = None
    running: Running | None = None
    deleted_at: float | None = None
    tags: dict[str, str] = field(default_factory=dict)
    domains: dict[str, Domain] = field(default_factory=dict)
    operations: list[tuple[str, str]] = field(default_factory=list)  # (id, type) as acknowledged, oldest first

    @property
    def status(self) -> str:
        return BUSY if self.running else self.stable

    @property
    def lifetimes(self) -> bool:
        return self.stable != "DELETED"

    def begin(self, operation: str, operation_id: str, now: float, *, fails: bool) -> None:
        self.operations.append((operation_id, TYPES[operation]))
        short = operation in {"PauseService", "ResumeService", "DeleteService"}
        failed_s, done_s = (0.0, SHORT_S) if short else (1.0, LONG_S)
        self.running = Running(operation, fails, now + (failed_s if fails else done_s))

    def settle(self, now: float) -> None:
        """End everything that ends until `now`."""
        running = self.running
        if running is not None and running.ends_at <= now:
            self.running = None
            self._end(running)
        self.domains = {name: each for name, each in self.domains.items() if each.status(now) is not None}

    def _end(self, running: Running) -> None:
        deploys = running.operation in {"CreateService", "UpdateService", "StartDeployment"}
        if running.fails:
            if running.operation == "DeleteService":
                self.stable = "DELETE_FAILED"
            if deploys and self.deployed is not None:
                self.scaling = self.deployed
            return
        self.stable = SUCCESS.get(running.operation, "RUNNING")
        if deploys:
            self.deployed = self.scaling
        if self.stable == "DELETED":
            self.deleted_at = running.ends_at
            self.domains = {}


@dataclass
class Shelf:
    """The resources of an account in a Region."""

    # key: name; the last service of each name, in order of creation
    services: dict[str, Service] = field(default_factory=dict)
    scaling: dict[str, dict[int, bool]] = field(default_factory=dict)  # name, to revision, to True if it is active
    default: Revision = BUILT_IN
    connections: set[str] = field(default_factory=set)

    def living(self) -> list[str]:
        return [name for name, service in self.services.items() if service.lifetimes]

    def find(self, name: str, now: float) -> Service | None:
        service = self.services.get(name)
        if service is None or (service.deleted_at is not None and now >= service.deleted_at + RETENTION_S):
            return None
        return service

    # --- the error that a call must get; None: it must succeed -----------------------------------------------------

    def create(self, name: str, scaling: str | None) -> str | None:
        if name in self.living():
            return INVALID
        if len(self.living()) >= SERVICES_MAX:
            return QUOTA
        return INVALID if scaling is not None and self.latest(scaling) is None else None

    def operate(self, name: str, operation: str, scaling: str | None, now: float) -> str | None:
        service = self.find(name, now)
        if service is None:
            return NOT_FOUND
        if service.status == ALREADY.get(operation):
            return None
        if service.status not in BEGINS[operation]:
            return INVALID if operation == "StartDeployment" else STATE
        return INVALID if scaling is not None and self.latest(scaling) is None else None

    def delete_scaling(self, name: str) -> str | None:
        latest = self.latest(name)
        if latest is None:
            return NOT_FOUND
        return INVALID if latest == self.default or latest in self.in_use() else None

    def new_scaling(self, name: str) -> str | None:
        if name not in self.active_names() and len(self.active_names()) >= NAMES_MAX:
            return QUOTA
        return QUOTA if sum(self.scaling.get(name, {}).values()) >= REVISIONS_MAX else None

    def connect(self, name: str) -> str | None:
        if name in self.connections:
            return INVALID
        return QUOTA if len(self.connections) >= CONNECTIONS_MAX else None

    # --- effects of calls ------------------------------------------------------------------------------------------

    def active_names(self) -> set[str]:
        return {name for name, revisions in self.scaling.items() if any(revisions.values())}

    def latest(self, name: str) -> Revision | None:
        active = [revision for revision, is_active in self.scaling.get(name, {}).items() if is_active]
        return (name, max(active)) if active else None

    def in_use(self) -> set[Revision]:
        living = [self.services[name] for name in self.living()]
        return {each.scaling for each in living} | {each.deployed for each in living if each.deployed is not None}


@dataclass
class Reference:
    shelves: list[Shelf]
    now: float = 0.0

    def passes(self, seconds: float) -> None:
        self.now += seconds
        for service in self.services():
            service.settle(self.now)

    def services(self) -> Iterator[Service]:
        for owner_key in self.shelves:
            yield from owner_key.services.values()

    def associate(self, service: Service | None, domain: str) -> str | None:
        if service is None:
            return INVALID
        if service.status != "RUNNING":
            return STATE
        if any(domain in each.domains for each in self.services()):
            return INVALID
        return INVALID if len(service.domains) >= DOMAINS_MAX else None

    def disassociate(self, service: Service | None, domain: str) -> str | None:
        if service is None or domain not in service.domains:
            return NOT_FOUND
        if service.status != "RUNNING" or service.domains[domain].deleting:
            return STATE
        return None
