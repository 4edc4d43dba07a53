"""The sections `aws`, the source of secrets and role credentials of a run in real time, and `zones`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from simulator.model.zones import ZONES_MAX
from simulator.scenario.files.named_file import named_file
from simulator.scenario.sections.base_model import Count, Section

ENDPOINT: Final = r"^https?://[^\s/]+/?$"


def _file_beside(value: str, info: ValidationInfo) -> Path:
    """Return `value` as an existing file; a relative path starts at the folder of the scenario file."""
    path = named_file(Path((info.context or {}).get("folder", ".")), value, "secrets_file")
    if not path.is_file():
        msg = f"secrets_file = {value!r}, must be an existing file, relative to the scenario file"
        raise ValueError(msg)
    return path


File = Annotated[Any, BeforeValidator(str), AfterValidator(_file_beside), WithJsonSchema({"type": "string"})]


class AwsSpec(Section):
    """The source of secrets and role credentials. The simulator never sends a request to AWS on its own."""

    endpoint: str | None = Field(default=None, pattern=ENDPOINT)
    """An AWS-compatible endpoint (such as moto) that serves Secrets Manager, SSM and STS."""
    secrets_file: File | None = None
    """A file of secrets by reference, used in place of the endpoint's Secrets Manager and SSM."""
    region: str = Field(default="us-east-1", pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$")
    """The Region of names that do not contain one."""


class ZonesSpec(Section):
    """The Availability Zones over which the instances of each service are spread: a number, or a mapping."""

    count: Count = Field(default=0, ge=0, le=ZONES_MAX)
    """Number of zones, named a, b, c and so on. Default: 0, instances have no zone."""
    rebalance: bool = True
    """Replace instances when a zone is available again, until the zones are even."""

    @model_validator(mode="before")
    @classmethod
    def _bare_number_is_count(cls, data: Any) -> Any:
        return data if isinstance(data, Mapping | ZonesSpec) else {"count": data}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        section = handler.resolve_ref_schema(super().__get_pydantic_json_schema__(core_schema, handler))
        bare: JsonSchemaValue = {"type": "integer", "minimum": 0, "maximum": ZONES_MAX, "description": "Their number."}
        described = {"description": section.pop("description", "")}
        return described | {"anyOf": [bare, section]}
