"""Configurations with revisions: auto scaling and observability configurations (facts 1.5, 1.8).

A configuration is immutable: a create request with the same name creates the next revision, and the highest active
revision is the latest. ARNs may be partial: `.../name` is the latest active revision, `.../name/revision` a particular
one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from simulator.control.api_context import ApiContext, owner_key
from simulator.control.principal import Principal
from simulator.control.rejections import arn_of, invalid, named, not_found, quota_exceeded
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.api_resources import AutoScalingResource, ObservabilityResource, ServiceResource
from simulator.model.resources.arn import DEFAULT_CONFIGURATION, Arn

R = TypeVar("R", bound=AutoScalingResource | ObservabilityResource)


class RevisionCatalog(Generic[R]):
    """The revisions of one kind of configuration.

    `what`: the kind in words, such as `auto scaling configuration`. `member`: the name of the request member that has
    its ARN. `built_in` returns the default configuration that every account has from the start.
    """

    def __init__(
        self,
        context: ApiContext,
        resource: type[R],
        *,
        kind: str,
        what: str,
        member: str,
        built_in: Callable[[str, str], R],
    ) -> None:
        self._context = context
        self._resource = resource
        self._kind = kind
        self._what = what
        self._member = member
        self._built_in = built_in

    # --- lookup ----------------------------------------------------------------------------------------------------

    def all(self, principal: Principal) -> list[R]:
        """Return every revision that can be described, including deleted ones, oldest first."""
        stored = self._context.registry.owned_by(self._resource, owner_key(principal))
        there = [each for each in stored if self._context.is_there(each)]
        built_in = self._built_in(principal.account, principal.region)
        return there if any(each.arn == built_in.arn for each in there) else [built_in, *there]

    def active(self, principal: Principal, name: str | None = None) -> list[R]:
        return [each for each in self.all(principal) if not each.is_deleted and name in {None, each.name}]

    def latest(self, principal: Principal, name: str) -> R | None:
        return max(self.active(principal, name), key=lambda each: each.revision, default=None)

    def is_latest(self, principal: Principal, revision: R) -> bool:
        latest = self.latest(principal, revision.name)
        return latest is not None and latest.arn == revision.arn

    def find(self, principal: Principal, text: str) -> R:
        """Return the revision with a full or partial ARN; with a full ARN, also a deleted one.

        Raises:
            ApiError: InvalidRequestException for an invalid ARN, ResourceNotFoundException.
        """
        arn = self._arn_of(text)
        found = self._named(principal, arn) if arn.owner_key == owner_key(principal) else None
        if found is None:
            raise not_found(self._what[0].upper() + self._what[1:], text)
        return found

    def find_active(self, principal: Principal, text: str) -> R:
        """Return a revision as `find` does, but reject a deleted one with the text that Terraform knows (facts 1.2)."""
        found = self.find(principal, text)
        if found.is_deleted:
            raise invalid(f"The {self._what} you specified has been deleted: {found.arn}")
        return found

    def find_for_service(self, principal: Principal, text: str) -> R:
        """Return a revision as `find_active` does, for use by a service.

        If there is none, this raises InvalidRequestException, because ResourceNotFoundException would refer to the
        service.
        """
        try:
            return self.find_active(principal, text)
        except ApiError as error:
            raise invalid(error.message, error.hint) from error

    def _arn_of(self, text: str) -> Arn:
        try:
            return arn_of(text, self._member, self._kind)
        except ApiError as error:
            # AWS's text for an empty ARN of an auto scaling configuration (facts 19.5).
            # ASSUMPTION: the same for every other text that is not such an ARN, and for observability configurations.
            # Sending one would settle it.
            message = f"The {self._what} ARN you specified isn't valid. ARN: '{text}'"
            raise invalid(message, hint=error.message) from error

    def _named(self, principal: Principal, arn: Arn) -> R | None:
        if arn.revision is None:
            return self.latest(principal, arn.name)
        revisions = [each for each in self.all(principal) if (each.name, each.revision) == (arn.name, arn.revision)]
        if arn.resource_id is not None:
            revisions = [each for each in revisions if each.resource_id == arn.resource_id]
        return max(revisions, key=lambda each: (not each.is_deleted, each.born), default=None)

    # --- operations of both kinds ----------------------------------------------------------------------------------

    def new_revision(self, principal: Principal, name: str, *, names_max: int, revisions_max: int) -> Arn:
        """Return the ARN of the next revision of `name`. Call inside a change. Raises ServiceQuotaExceededException."""
        active = self.active(principal)
        names = {each.name for each in active} - {DEFAULT_CONFIGURATION}
        if name not in names and name != DEFAULT_CONFIGURATION and len(names) >= names_max:
            raise quota_exceeded(f"{self._what} names", names_max)
        numbers = [each.revision for each in active if each.name == name]
        if len(numbers) >= revisions_max:
            raise quota_exceeded(f"active revisions of the {self._what} {name}", revisions_max)
        number = 1 + max(numbers, default=0)  # deleted revisions do not count (facts 19.5)
        return self._context.new_arn(principal, self._kind, name, number)

    def deleted(self, revision: R) -> R:
        """Mark `revision` as deleted. Call inside `registry.change()`, after the check that it may be deleted."""
        gone = replace(revision, deleted_at=self._context.now())
        self._context.registry.put(gone)
        return gone

    def reject_built_in(self, principal: Principal, revision: R) -> None:
        # ASSUMPTION: the built-in revision cannot be deleted, default or not; a call would settle it.
        if revision.arn == self._built_in(principal.account, principal.region).arn:
            raise self.reserved(revision)

    def reserved(self, revision: R) -> ApiError:
        """Return the error for deleting a revision that the account needs, with AWS's wording and the revision."""
        # ASSUMPTION: the same for observability configurations as for auto scaling configurations, whose text is public
        # (facts 19.5). Deleting observabilityconfiguration/DefaultConfiguration would settle it.
        message = f"You can't delete a reserved {self._what}"
        return invalid(message, hint=f"It is the default or App Runner's own: {revision.arn}")

    def in_use(self, users: Sequence[ServiceResource]) -> ApiError:
        """Return the error for deleting a revision in use, with AWS's wording and the names of the services."""
        # ASSUMPTION: the same for observability configurations as for auto scaling configurations, whose text is public
        # (facts 19.2). Deleting one in use would settle it.
        message = (
            f"You can't delete the {self._what}. It's used by one or more services. "
            f"To delete it, update the services to use other {self._what}s."
        )
        return invalid(message, hint=named("Used by", users))

    def page(
        self, principal: Principal, operation: str, request: dict[str, Any], name: str | None
    ) -> tuple[list[R], Any]:
        """Return a page of active revisions for a List operation: of one name or all; only the latest by default."""
        active = self.active(principal, name)
        if request.get("LatestOnly", True):
            active = [each for each in active if self.is_latest(principal, each)]
        return self._context.pages.page(active, principal, operation, request)
