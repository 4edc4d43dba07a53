"""App Runner's service model as shipped with botocore: the schema of every request.

It is read directly from botocore's data files. Importing botocore's own classes takes a third of a second, and a server
must start fast.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

from simulator.api.validators import Shapes, Validator, validator_of
from simulator.api.violations import Violations, unreadable
from simulator.model.resources.api_error import ApiError

SIGNING_NAME: Final = "apprunner"
TARGET_PREFIX: Final = "AppRunner."

_API_VERSION: Final = "2020-05-15"

Request = dict[str, Any]


def load_model(service: str, version: str) -> dict[str, Any]:
    """Return a model of botocore's data."""
    folder = files("botocore").joinpath("data", service, version)
    packed = folder.joinpath("service-2.json.gz")
    content = (
        gzip.decompress(packed.read_bytes()) if packed.is_file() else folder.joinpath("service-2.json").read_bytes()
    )
    model: dict[str, Any] = orjson.loads(content)
    return model


@cache
def service_model() -> dict[str, Any]:
    """Return the model with `operations` and `shapes`. Callers must not modify it.

    Operations that botocore does not have yet are read from a file in this package, in botocore's format for additions.
    """
    model = load_model(SIGNING_NAME, _API_VERSION)
    extras = files("simulator.api").joinpath("service-2.sdk-extras.json")
    if extras.is_file():
        for section, members in orjson.loads(extras.read_bytes())["merge"].items():
            model[section] |= members
    return model


class Schema:
    """Validates requests of all operations against the model."""

    def __init__(self) -> None:
        model = service_model()
        self._operations: dict[str, Any] = model["operations"]
        self._shapes: Shapes = model["shapes"]
        self._validators: dict[str, Validator] = {}  # created at the first call of an operation, for a fast start

    def knows(self, operation: str) -> bool:
        return operation in self._operations

    def checked(self, operation: str, request: Any) -> Request:
        """Return the part of a request that the operation gets: the known members that are present.

        Raises:
            ApiError: UnknownOperationException; SerializationException for a wrong JSON type; otherwise
                InvalidRequestException with all violations of the model.
        """
        validator = self._validators.get(operation)
        if validator is None:
            if not self.knows(operation):
                raise ApiError("UnknownOperationException", f"There is no operation {operation[:100]}.")
            validator = validator_of(self._operations[operation]["input"]["shape"], self._shapes)
            self._validators[operation] = validator
        violations = Violations()
        seen: Request = validator(request, "", violations)
        if violations.found:
            violations.reject()
        return seen


def operation_of(target: str) -> str:
    """Return the operation that an `X-Amz-Target` names. Raises ApiError if the target is not App Runner's."""
    if not target.startswith(TARGET_PREFIX):
        raise ApiError("UnknownOperationException", "The X-Amz-Target header must be AppRunner.<operation>.")
    return target[len(TARGET_PREFIX) :]


def parse_body(body: bytes) -> Any:
    """Parse a JSON body: strict UTF-8 without unpaired surrogates. Raises ApiError."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise unreadable("The body must be JSON in UTF-8.") from error
