"""A call of the API by whatever way it comes: held against the service model, then carried out.

The endpoint calls it with what came over the wire; a scenario's timeline or a test calls it directly, in virtual time
as well.
"""

from __future__ import annotations

from typing import Any

from simulator.api.service_model import Schema
from simulator.control.caller import Caller
from simulator.control.service_api import ServiceApi
from simulator.model.api_error import ApiError

Answer = dict[str, Any]


class ApiCalls:
    def __init__(self, api: ServiceApi) -> None:
        self._api = api
        self._schema = Schema()

    def call(self, caller: Caller, operation: str, request: Any) -> Answer:
        """The answer, with timestamps in seconds since 1970; nobody may change it.

        Raises:
            ApiError: the rejection; nothing has changed then.
        """
        try:
            checked = self._schema.checked(operation, request)
        except ApiError as error:
            if self._schema.knows(operation):
                # Without what was asked for: it may hold anything, secrets under a wrong name included.
                self._api.rejected(caller, operation, {}, error)
            raise
        return self._api.handle(caller, operation, checked)
