"""The resources with host names, read from the state folder of a simulator, which may be running."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.assembly.control_plane import STORE_NAME
from simulator.cli.exit_codes import bad_input, cannot
from simulator.control.state.serialization import DocumentError, from_json
from simulator.control.state.store import Store
from simulator.control.state.store_file import StoreError
from simulator.model.resources.api_resources import CustomDomainResource, ServiceResource, VpcIngressResource
from simulator.model.resources.arn import Arn
from simulator.model.resources.domain_state import DomainStatus
from simulator.model.resources.service_state import ServiceStatus
from simulator.platform.service_workload import local_host

RECORDS_NAME: Final = "records.zone"  # in the state folder; `simulator dns add` writes it


@dataclass(frozen=True, slots=True)
class NamedResources:
    """The resources of a state that have a host name, without deleted ones."""

    services: tuple[ServiceResource, ...]
    ingresses: tuple[VpcIngressResource, ...]
    domains: tuple[CustomDomainResource, ...]

    def hosts(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each service with its host names on this machine: App Runner's name, local names, and domains."""
        for service in self.services:
            names = [service.host] if service.url else []
            names += [each.host for each in self.ingresses if each.service_arn == service.arn]
            own = [each for name in names for each in (local_host(name), name)]
            served = [each for each in self.domains if each.service_arn == service.arn and _is_served(each)]
            yield service.name, [*own, *(name for each in served for name in each.names)]


def _is_served(domain: CustomDomainResource) -> bool:
    return domain.status is DomainStatus.ACTIVE and not domain.has_expired


def named_resources(state: Path) -> NamedResources:
    """Read the state. Ends the command if there is none, or if it cannot be read."""
    path = state / STORE_NAME
    if not path.exists():
        bad_input(f"state folder {state}: there is no state in it; start `simulator serve --state {state}` first")
    try:
        with contextlib.closing(Store(path)) as store:
            found = [from_json(kind, body) for kind, _, body in store.documents()]
    except (StoreError, DocumentError, OSError) as error:
        cannot(error)
    services = [each for each in found if isinstance(each, ServiceResource)]
    return NamedResources(
        tuple(sorted((each for each in services if each.status is not ServiceStatus.DELETED), key=lambda x: x.born)),
        tuple(each for each in found if isinstance(each, VpcIngressResource) and each.deleted_at is None),
        tuple(each for each in found if isinstance(each, CustomDomainResource)),
    )


def service_name(domain: CustomDomainResource) -> str:
    return Arn.parse(domain.service_arn).name
