"""The section `aws`: the source of secrets and role credentials of a run in real time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

from simulator.scenario.sections.base_model import Section

ENDPOINT: Final = r"^https?://[^\s/]+/?$"


def _file_beside(value: str, info: ValidationInfo) -> Path:
    """Return `value` as an existing file; a relative path starts at the folder of the scenario file."""
    path = Path((info.context or {}).get("folder", ".")) / value
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
