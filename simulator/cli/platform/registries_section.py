"""The `registries` section of the configuration of `simulator serve`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from simulator.fleet.registries.registry_map import RegistryMap, RegistryPlace, check_host_pattern
from simulator.scenario.sections.aws_spec import ENDPOINT
from simulator.scenario.sections.base_model import Section

_URL: Final = re.compile(r"https?://[a-z0-9.:\[\]-]+(/[a-z0-9._/-]*)?")


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        msg = f"{text!r} is not a URL; write one such as http://127.0.0.1:5000"
        raise ValueError(msg)
    return text


class RegistrySection(Section):
    """A registry that represents ECR or ECR Public."""

    url: Annotated[str, AfterValidator(_url)]
    """Its URL as reachable from this machine and the engine; a path in it precedes the names of all repositories."""
    username: str = ""
    """User of the registry, if it requires one and no ECR endpoint provides it."""
    password: str = Field(default="", repr=False)
    """The user's password."""
    sts_endpoint: str | None = Field(default=None, pattern=ENDPOINT)
    """An AWS-compatible endpoint at which the service's access role is assumed; without it roles are not checked."""
    ecr_endpoint: str | None = Field(default=None, pattern=ENDPOINT)
    """An AWS-compatible endpoint whose GetAuthorizationToken gives user and password, to the role if it is assumed."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.username) is not bool(self.password):
            msg = "username and password must be given together"
            raise ValueError(msg)
        return self

    def place(self) -> RegistryPlace:
        return RegistryPlace(self.url, self.username, self.password, self.sts_endpoint, self.ecr_endpoint)


def _with_url(given: object) -> object:
    return {"url": given} if isinstance(given, str) else given


def _known(given: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in given:
        check_host_pattern(name)
    return given


_SCHEMA: Final = {"anyOf": [{"type": "string"}, RegistrySection.model_json_schema()]}
Registry = Annotated[RegistrySection, BeforeValidator(_with_url), WithJsonSchema(_SCHEMA)]
Registries = Annotated[Mapping[str, Registry], AfterValidator(_known)]


def registry_map(sections: Mapping[str, RegistrySection]) -> RegistryMap:
    return RegistryMap({name: section.place() for name, section in sections.items()})
