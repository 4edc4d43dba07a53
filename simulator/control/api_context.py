"""What all resources of the API share: where they are kept, their names, the time, the settings, the pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from simulator.control.calendar import Calendar
from simulator.control.caller import Caller
from simulator.control.identifiers import Identifiers
from simulator.control.pagination import Pages
from simulator.control.registry import Registry
from simulator.control.rejections import invalid
from simulator.model.api_resources import ArnResource
from simulator.model.arn import Arn, shelf_of
from simulator.model.quotas import Quotas

# ASSUMPTION: an hour; AWS describes deleted ones "for a time" (facts 2.2, 18). Asking it every minute would settle it.
RETENTION_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """`may_assume`: can App Runner assume that role? One that is new in IAM it cannot for a while (facts 12).

    `needs_connection`: a code repository has to come with a connection; AWS's documents disagree on it (facts 6.1).
    """

    quotas: Quotas = field(default_factory=Quotas)
    retention_s: float = RETENTION_S  # how long a deleted resource can be described
    dashed_operation_ids: bool = False
    needs_connection: bool = False
    may_assume: Callable[[str], bool] = lambda _role_arn: True


@dataclass(frozen=True, slots=True)
class ApiContext:
    registry: Registry
    identifiers: Identifiers
    now: Calendar
    settings: ApiSettings
    pages: Pages

    @property
    def quotas(self) -> Quotas:
        return self.settings.quotas

    def is_there(self, resource: ArnResource) -> bool:
        """Whether it can still be described: it lives, or was deleted a short while ago."""
        return resource.deleted_at is None or self.now() < resource.deleted_at + self.settings.retention_s

    def new_arn(self, caller: Caller, kind: str, name: str, revision: int | None = None) -> Arn:
        """Of a new resource. Within a change."""
        return Arn(caller.region, caller.account, kind, name, revision, self.identifiers.hexadecimal(kind))

    def tags(self, request_tags: list[dict[str, str]] | None) -> dict[str, str]:
        """The API's list of {Key, Value} as a map.

        Raises:
            ApiError: InvalidRequestException for a key that is missing or there twice, or too many.
        """
        return checked_tags(request_tags or [], self.quotas.tags)


def shelf(caller: Caller) -> str:
    return shelf_of(caller.account, caller.region)


def checked_tags(tags: list[dict[str, str]], most: int) -> dict[str, str]:
    checked: dict[str, str] = {}
    for tag in tags:
        key = tag.get("Key")
        if key is None:
            raise invalid("Tags: every tag must have a Key.")
        if key in checked:
            raise invalid(f"Tags: the key {key!r} is there more than once.")
        checked[key] = tag.get("Value", "")
    if len(checked) > most:
        raise invalid(f"Tags: {len(checked)} tags, must be at most {most}.")
    return checked
