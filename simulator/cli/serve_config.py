"""The configuration file of `simulator serve`: who may call the API, where it listens, its times and quotas.

YAML as scenario files are, with the same care: every error at once, each with its place. Options on the command line
win over the file.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, WithJsonSchema, model_validator

from simulator.api.access_keys import DEFAULT_ACCOUNT, DEFAULT_REGION, AccessKey, AccessKeys
from simulator.api.authentication import Authentication
from simulator.assembly.control_plane import ApiListener, ControlPlaneSettings
from simulator.control.api_context import RETENTION_S, ApiSettings
from simulator.control.time_profile import profile_named
from simulator.model.quotas import Quotas
from simulator.replay.document import parse_document, read_document_text
from simulator.replay.problems import Problem, ScenarioError
from simulator.replay.sections import Count, Duration, Flag, Number, Section

DEFAULT_PORT: Final = 8580

_SECRETS: Final = ("secret_access_key", "session_token")


def _file_beside(value: object, info: ValidationInfo) -> Path:
    path = Path((info.context or {}).get("folder", ".")) / str(value)
    if not path.is_file():
        msg = f"{value!r} is not a file; write the path of one that exists, relative to the configuration file"
        raise ValueError(msg)
    return path


File = Annotated[Path, BeforeValidator(_file_beside), WithJsonSchema({"type": "string"})]
Account = Annotated[str, Field(pattern="^[0-9]{12}$")]
Region = Annotated[str, Field(pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$")]


class KeySection(Section):
    """An access key that may call the API."""

    access_key_id: str = Field(min_length=1)
    """Its id, as clients are configured with it."""
    secret_access_key: str = Field(min_length=1, repr=False)
    """Its secret."""
    account: Account = DEFAULT_ACCOUNT
    """The account whose resources it sees, 12 digits in quotation marks."""
    session_token: str | None = Field(default=None, min_length=1, repr=False)
    """Of temporary credentials; clients have to send it then."""


class ApiSection(Section):
    """Where the API listens, and who may call it."""

    host: str = "127.0.0.1"
    """Address; beyond loopback it takes keys and TLS."""
    port: Count = Field(default=DEFAULT_PORT, ge=0, le=65535)
    """Port; 0 is any free one."""
    tls: Flag = False
    """Over TLS, with a certificate of the local authority unless one is given."""
    name: str | None = Field(default=None, min_length=1)
    """What clients call it; its certificate is for that. The host if left out."""
    certificate: File | None = None
    """PEM file of your own certificate and its chain."""
    key: File | None = None
    """PEM file of its key, if that is not in the same file."""
    account: Account = DEFAULT_ACCOUNT
    """The account of keys that are not listed, as long as none is."""
    region: Region = DEFAULT_REGION
    """The Region of requests that name none."""
    keys: tuple[KeySection, ...] = ()
    """The access keys that are let in; without any every key is."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        ids = [key.access_key_id for key in self.keys]
        for name in ids:
            if ids.count(name) > 1:
                msg = f"keys = {name}, must be there once"
                raise ValueError(msg)
        if self.key is not None and self.certificate is None:
            msg = "key = given, must come with a certificate"
            raise ValueError(msg)
        if self.certificate is not None and not self.tls:
            msg = "certificate = given, must come with tls: true"
            raise ValueError(msg)
        return self


class TimeSection(Section):
    """How long operations take."""

    profile: Literal["instant", "app-runner"] = "instant"
    """As long as the work takes, or at least as long as people measured on AWS."""
    factor: Number = Field(default=1.0, ge=0)
    """Of the profile's times; 0.1 is ten times as fast."""
    retention: Duration = RETENTION_S
    """How long a deleted resource can be described."""


class QuotasSection(Section):
    """What an account may have in a Region."""

    services: Count = Field(default=Quotas().services, ge=1)
    connections: Count = Field(default=Quotas().connections, ge=1)
    auto_scaling_names: Count = Field(default=Quotas().auto_scaling_names, ge=1)
    auto_scaling_revisions: Count = Field(default=Quotas().auto_scaling_revisions, ge=1)
    observability_names: Count = Field(default=Quotas().observability_names, ge=1)
    observability_revisions: Count = Field(default=Quotas().observability_revisions, ge=1)
    vpc_connectors: Count = Field(default=Quotas().vpc_connectors, ge=1)
    vpc_ingress_connections: Count = Field(default=Quotas().vpc_ingress_connections, ge=1)
    custom_domains: Count = Field(default=Quotas().custom_domains, ge=1)
    tags: Count = Field(default=Quotas().tags, ge=1)


class ServeConfig(Section):
    """The configuration of `simulator serve`."""

    version: Literal[1] = 1
    """Version of the file format."""
    api: ApiSection = ApiSection()
    """Where the API listens, and who may call it."""
    time: TimeSection = TimeSection()
    """How long operations take."""
    quotas: QuotasSection = QuotasSection()
    """What an account may have in a Region."""
    needs_connection: Flag = False
    """A code repository has to come with a connection; AWS's documents disagree on it."""
    dashed_operation_ids: Flag = False
    """Operation ids of 36 characters, as the API model has them, where AWS gives 32."""
    seed: Annotated[Count, Field(ge=0, lt=2**63)] | None = None
    """Of the identifiers of a new state: the same calls then give the same names. Drawn if left out."""

    def settings(self, state: Path | None) -> ControlPlaneSettings:
        """Raises ValueError when the API would be open to other machines."""
        api, time = self.api, self.time
        keys = AccessKeys(AccessKey(**key.model_dump()) for key in api.keys)
        return ControlPlaneSettings(
            state=state,
            listener=ApiListener(
                api.host, api.port, tls=api.tls, certificate=api.certificate, key=api.key, name=api.name
            ),
            authentication=Authentication(keys, api.account, api.region),
            profile=profile_named(time.profile, time.factor),
            api=ApiSettings(
                quotas=Quotas(**self.quotas.model_dump()),
                retention_s=time.retention,
                dashed_operation_ids=self.dashed_operation_ids,
                needs_connection=self.needs_connection,
            ),
            seed=self.seed,
        )


def load_config(path: Path) -> ServeConfig:
    """Files that it names are looked up beside it. Raises ScenarioError with every problem of the file."""
    document = parse_document(read_document_text(path), str(path))
    try:
        return ServeConfig.model_validate(document.data, context={"folder": str(path.parent)})
    except ValidationError as error:
        from simulator.replay.explain import explain  # noqa: PLC0415 it knows all policies, and most files are right

        raise ScenarioError(_without_secrets(explain(error, document, ServeConfig))) from error


def with_options(config: ServeConfig, **options: Any) -> ServeConfig:
    """`api_host=...`, `time_profile=...`: each wins over what the file says, unless it is None."""
    sections: dict[str, dict[str, Any]] = {}
    for name, value in options.items():
        section, _, key = name.partition("_")
        if value is not None:
            sections.setdefault(section, {})[key] = value
    changed = {name: getattr(config, name).model_copy(update=values) for name, values in sections.items()}
    return config.model_copy(update=changed)


def _without_secrets(problems: list[Problem]) -> list[Problem]:
    return [
        dataclasses.replace(each, found="what stands there") if each.path.endswith(_SECRETS) else each
        for each in problems
    ]
