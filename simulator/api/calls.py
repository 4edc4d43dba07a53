"""A call of the API from any source: validated against the service model, then executed.

The endpoint uses it for HTTP requests; a scenario's timeline or a test uses it directly, also in virtual time.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from simulator.api import waf_protocol
from simulator.api.service_model import Schema
from simulator.api.violations import unreadable
from simulator.control.assets.asset_settings import NO_ASSETS, AssetSettings
from simulator.control.principal import Principal
from simulator.control.service_api import ServiceApi
from simulator.model.resources.api_error import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.control.assets.template_sources import TemplateSources
    from simulator.control.stacks.stack_api import StackApi
    from simulator.rules.iam.identity import IamIdentity

Answer = dict[str, Any]


class ApiCalls:
    """The calls of one API. `identity_of` returns the identity of an access key, for calls that a stack makes later.
    `assets`: where stacks read templates and parameters of SSM.
    """

    def __init__(
        self,
        api: ServiceApi,
        identity_of: Callable[[str], IamIdentity | None] = lambda _key: None,
        assets: AssetSettings = NO_ASSETS,
    ) -> None:
        self._api = api
        self._schema = Schema()
        self._identity_of = identity_of
        self._assets = assets

    def start(self) -> None:
        """Restore services and continue interrupted operations. Call once, before the first call."""
        self._api.start()
        if self._api.context.registry.has("stack"):
            self.stacks.runs.resume()

    @cached_property
    def sources(self) -> TemplateSources:
        """Where stacks read templates and parameters of SSM, and where clients store templates."""
        from simulator.control.assets.object_store import ObjectStore  # noqa: PLC0415 for callers of CloudFormation
        from simulator.control.assets.template_sources import TemplateSources  # noqa: PLC0415

        return TemplateSources(ObjectStore(self._assets.folder), self._assets.aws)

    @cached_property
    def stacks(self) -> StackApi:
        """The operations of CloudFormation, which call this API."""
        from simulator.control.stacks.stack_api import (  # noqa: PLC0415 for callers of CloudFormation only
            StackApi,
            StackSettings,
        )

        settings = StackSettings(
            self._identity_of, self._api.audit, self.sources, self._api.profile.scaled_stack_look_s
        )
        return StackApi(self._api.context, self.call, self._api.tasks, settings)

    def call(self, principal: Principal, operation: str, request: Any) -> Answer:
        """Return the response, with timestamps in seconds since 1970. Callers must not modify it.

        Raises:
            ApiError: the rejection; the call has changed nothing.
        """
        if operation in waf_protocol.OPERATIONS:
            return self._call_waf(principal, operation, request)
        try:
            checked = self._schema.checked(operation, request)
        except ApiError as error:
            if self._schema.knows(operation):
                # Record it without the request's content, which may contain anything, including secrets under a wrong
                # name.
                self._api.rejected(principal, operation, {}, error)
            raise
        return self._api.handle(principal, operation, checked)

    def _call_waf(self, principal: Principal, operation: str, request: Any) -> Answer:
        """Call an operation of AWS WAF, which validates its few members itself."""
        if not isinstance(request, dict):
            raise unreadable("The body must be a JSON object.")
        return self._api.handle(principal, operation, request)
