"""Certificate validation records of a custom domain, as ACM would require them in the customer's DNS (facts 10.3)."""

from __future__ import annotations

from typing import Any, Final

from simulator.control.state.identifiers import Identifiers
from simulator.model.resources.api_resources import CustomDomainResource
from simulator.model.resources.domain_state import DomainStatus, RecordStatus

_VALIDATED: Final = frozenset({DomainStatus.BINDING_CERTIFICATE, DomainStatus.ACTIVE, DomainStatus.DELETING})


def validation_records(identifiers: Identifiers, names: tuple[str, ...]) -> tuple[dict[str, str], ...]:
    """Return one record per name, and one more. Call inside `registry.change()`."""
    # ASSUMPTION: the additional record is for an invented subdomain of the last name; Copilot waits for three records
    # if www is enabled (facts 10.3). An association on AWS would show its form.
    last = names[-1].removeprefix("*.")
    wanted = (*(name.removeprefix("*.") for name in names), f"{identifiers.hexadecimal('domain')}.{last}")
    return tuple(
        {
            "Name": f"_{identifiers.hexadecimal('validation name')}.{name}",
            "Type": "CNAME",
            "Value": (
                f"_{identifiers.hexadecimal('validation value')}.{identifiers.validation_label()}.acm-validations.aws."
            ),
        }
        for name in wanted
    )


def records_view(domain: CustomDomainResource) -> list[dict[str, Any]]:
    implied = RecordStatus.SUCCESS if domain.status in _VALIDATED else RecordStatus.PENDING_VALIDATION
    statuses = domain.record_statuses or (implied,) * len(domain.records)
    return [record | {"Status": str(status)} for record, status in zip(domain.records, statuses, strict=True)]
