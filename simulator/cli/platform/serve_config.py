"""The configuration file of `simulator serve`: who may call the API, where it listens, its times and quotas.

A YAML file with the same validation as scenario files: all errors are reported at once. Options on the command line
override the file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    Field,
    ValidationError,
    model_validator,
)

from simulator.api.access_keys import DEFAULT_ACCOUNT, DEFAULT_REGION, AccessKeys
from simulator.api.api_listener import ApiListener
from simulator.api.authentication import Authentication
from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings
from simulator.cli.access.keys_section import Account, KeySection, RoleSection, checked_keys, role_sessions
from simulator.cli.front.config_paths import File, OutputFile
from simulator.cli.front.front_section import FrontSection
from simulator.cli.front.otel import OtelSection, otlp_settings
from simulator.cli.front.scaling_section import ScalingSection
from simulator.cli.network.network_section import NetworkSection
from simulator.cli.platform.builds_section import BuildsSection
from simulator.cli.platform.cloudwatch_section import CloudWatchSection
from simulator.cli.platform.dns_section import DnsSection
from simulator.cli.platform.encryption_section import EncryptionSection
from simulator.cli.platform.instances_section import InstancesSection
from simulator.cli.platform.registries_section import Registries, registry_map
from simulator.control.api_context import PASSED_TO_SERVICE, RETENTION_S, ApiSettings
from simulator.control.assets.asset_settings import ASSETS_NAME, AssetSettings
from simulator.control.operations.time_profile import profile_named
from simulator.control.web_acl_files import WafSettings, load_web_acls
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.model.resources.quotas import Quotas
from simulator.platform.applications import ApplicationSettings
from simulator.platform.pulled_images import KEPT_IMAGES, PULLED_NAME, PulledImages
from simulator.replay.applications import application_of
from simulator.scenario.document import parse_document, read_document_text
from simulator.scenario.problems import Problem, ScenarioError
from simulator.scenario.sections.application_spec import ApplicationSpec
from simulator.scenario.sections.aws_spec import ENDPOINT, AwsSpec
from simulator.scenario.sections.base_model import Count, Duration, Flag, Number, Section
from simulator.scenario.sections.origin_spec import DurationsSpec, TimeProfileKind
from simulator.scenario.sections.service_spec import PricesSpec
from simulator.telemetry.exporters import ExportSettings
from simulator.world.clock import ClockKind

DEFAULT_PORT: Final = 8580

_SECRETS: Final = ("secret_access_key", "session_token", "password")


Region = Annotated[str, Field(pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$")]


class ApiSection(Section):
    """Where the API listens, and who may call it."""

    host: str = "127.0.0.1"
    """Address; beyond loopback it requires keys and TLS."""
    port: Count = Field(default=DEFAULT_PORT, ge=0, le=65535)
    """Port; 0 is any free one."""
    tls: Flag = False
    """Serve over TLS, with a certificate of the local authority unless one is given."""
    name: str | None = Field(default=None, min_length=1)
    """Host name that clients use, for which the certificate is issued. Default: the host."""
    certificate: File | None = None
    """PEM file of your own certificate and its chain."""
    key: File | None = None
    """PEM file of its key, if it is not in the certificate's file."""
    account: Account = DEFAULT_ACCOUNT
    """The account of every key if no keys are listed."""
    region: Region = DEFAULT_REGION
    """The Region of requests without one."""
    keys: tuple[KeySection, ...] = ()
    """The accepted access keys. Without a list every key is accepted."""
    roles: tuple[RoleSection, ...] = ()
    """Roles that callers may assume by STS AssumeRole."""
    passed_to_service: str = Field(default=PASSED_TO_SERVICE, min_length=1)
    """The value of iam:PassedToService for the roles of a service; AWS's documents disagree on it."""
    service_linked_roles: Flag = True
    """The account's service-linked roles exist. Otherwise its first service and VPC connector need the permission
    iam:CreateServiceLinkedRole.
    """

    @model_validator(mode="after")
    def _check(self) -> Self:
        ids = [key.access_key_id for key in self.keys]
        for name in ids:
            if ids.count(name) > 1:
                msg = f"keys = {name}, must be given once"
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

    profile: TimeProfileKind = "instant"
    """Operations take as long as the work (instant), or at least as long as measured on AWS (app-runner), or as
    distributions of that (app-runner-spread).
    """
    durations: DurationsSpec = DurationsSpec.unchanged()
    """Your own distributions of the durations of operations."""
    factor: Number = Field(default=1.0, ge=0)
    """Multiplies the profile's times; 0.1 is ten times as fast."""
    retention: Duration = RETENTION_S
    """How long a deleted resource can still be described."""


class QuotasSection(Section):
    """Quotas of an account in a Region."""

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


class MetricsSection(Section):
    """Endpoints for monitoring. Without one, no metrics are recorded."""

    port: Annotated[Count, Field(ge=0, le=65535)] | None = None
    """Port of a Prometheus endpoint, /metrics on 127.0.0.1. 0: any free port; left out: no endpoint."""


class WafSection(Section):
    """Web ACLs that services can be associated with."""

    files: tuple[File, ...] = ()
    """JSON files with web ACLs, IP sets and regex pattern sets, as `aws wafv2 get-web-acl`, `get-ip-set` and
    `get-regex-pattern-set` print them.
    """
    endpoint: str | None = Field(default=None, pattern=ENDPOINT)
    """An AWS-compatible endpoint with more web ACLs, for example moto. Credentials come from the environment or a
    profile.
    """
    interval_s: Annotated[Duration, Field(ge=1)] = 30.0
    """Time between two looks at the endpoint. An AssociateWebACL looks at once."""
    log: OutputFile | None = None
    """File to which a JSON document of AWS WAF's log format is appended for every request that a web ACL evaluates."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.endpoint is None and "interval_s" in self.model_fields_set:
            msg = "interval = given, must come with an endpoint"
            raise ValueError(msg)
        return self

    def settings(self, region: str) -> WafSettings | None:
        """Return the source of web ACLs besides files; None without an endpoint."""
        return None if self.endpoint is None else WafSettings(self.endpoint, region, self.interval_s)


class CloudFormationSection(Section):
    """Stacks of CloudFormation."""

    accept: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+$")], ...] = ()
    """Types of resources of other services that stacks may contain without effect, such as AWS::ECR::Repository.
    Roles and policies of IAM always may.
    """


class ServeConfig(Section):
    """The configuration of `simulator serve`."""

    version: Literal[1] = 1
    """Version of the file format."""
    api: ApiSection = ApiSection.unchanged()
    """Where the API listens, and who may call it."""
    time: TimeSection = TimeSection.unchanged()
    """How long operations take."""
    quotas: QuotasSection = QuotasSection.unchanged()
    """What an account may have in a Region."""
    front: FrontSection = FrontSection.unchanged()
    """Where services are reachable."""
    instances: InstancesSection = InstancesSection.unchanged()
    """Settings of every instance."""
    scaling: ScalingSection = ScalingSection.unchanged()
    """How services scale, where they shall not scale as App Runner does."""
    dns: DnsSection = DnsSection.unchanged()
    """A DNS server for the host names of services, and the validation of custom domains."""
    metrics: MetricsSection = MetricsSection.unchanged()
    """Endpoints for monitoring."""
    otel: OtelSection = OtelSection.unchanged()
    """Where metrics and traces are sent over OpenTelemetry's protocol."""
    cloudwatch: CloudWatchSection = CloudWatchSection.unchanged()
    """Where App Runner's CloudWatch metrics and logs go."""
    prices: PricesSpec | None = None
    """Prices for the console; default: those of each service's Region."""
    applications: Mapping[str, ApplicationSpec] = Field(default_factory=dict)
    """Maps a service's name, an image identifier or a repository's URL to what runs: process, image, or simulation."""
    registries: Registries = Field(default_factory=dict)
    """Maps ECR and ECR Public (`ACCOUNT.dkr.ecr.REGION.amazonaws.com` with *, public.ecr.aws, all) to registries."""
    kept_images: Annotated[Count, Field(ge=1)] | None = KEPT_IMAGES
    """How many pulled images of a service stay in the engine: 2 are the one that serves and the one before. null: all.
    """
    encryption: EncryptionSection = EncryptionSection.unchanged()
    """The KMS keys of services."""
    builds: BuildsSection = BuildsSection.unchanged()
    """How services from source code are built."""
    networks: Mapping[str, str] = Field(default_factory=dict)
    """Maps a subnet of a VPC connector to a network of the container engine, where no VPCs are configured."""
    network: NetworkSection = NetworkSection.unchanged()
    """VPCs, what stands for their members, and the internet."""
    waf: WafSection = WafSection.unchanged()
    """Web ACLs that services can be associated with."""
    cloudformation: CloudFormationSection = CloudFormationSection.unchanged()
    """Stacks of CloudFormation."""
    aws: AwsSpec = AwsSpec.unchanged()
    """Where secrets and role credentials come from."""
    needs_connection: Flag = False
    """Require a connection for a code repository; AWS's documents disagree on it."""
    dashed_operation_ids: Flag = False
    """Use operation ids of 36 characters, as the API model has them, where AWS gives 32."""
    seed: Annotated[Count, Field(ge=0, lt=2**63)] | None = None
    """Seed of the identifiers of a new state: the same calls then give the same names. Default: random."""

    def serving(self, state: Path, engine: str) -> ServingSettings:
        """Return the settings of `serve`.

        Raises:
            ValueError: if the API would be reachable from other machines, for an invalid web ACL or policy, and like
                `otlp_settings`.
        """
        aws, registries, book = self.aws, registry_map(self.registries), self.network.book(self.api.region)
        control = self.settings(state)
        control = dataclasses.replace(control, api=dataclasses.replace(control.api, vpc_book=book))
        return ServingSettings(
            control=dataclasses.replace(
                control,
                engine=engine,
                registries=registries,
                assets=AssetSettings(state / ASSETS_NAME, SecretsPlace(aws.secrets_file, aws.endpoint, aws.region)),
            ),
            front=dataclasses.replace(
                self.network.front(self.front.live(state, self.api.region, engine)), zones=self.instances.zones
            ),
            workload=self.instances.workload(
                self.time.profile,
                SecretsPlace(aws.secrets_file, aws.endpoint, aws.region),
                self.scaling,
                self.front.balancing,
                self.front.balancing_of,
                self.network.settings(engine, book),
            ),
            applications=ApplicationSettings(
                {name: application_of(spec, ClockKind.REAL) for name, spec in self.applications.items()},
                engine,
                self.networks,
                registries=registries,
                pulled=PulledImages(state / PULLED_NAME, self.kept_images),
                copies=self.encryption.copies(state),
                has_vpcs=self.network.has_vpcs,
            ),
            builds=self.builds.settings(state, engine),
            exports=ExportSettings(
                port=self.metrics.port,
                otlp=otlp_settings(self.otel),
                cloudwatch=self.cloudwatch.settings(self.api.region),
            ),
        )

    def settings(self, state: Path | None) -> ControlPlaneSettings:
        """Return the settings of the control plane.

        Raises:
            ValueError: if the API would be reachable from other machines without keys and TLS.
        """
        api, time = self.api, self.time
        keys = AccessKeys(key.access_key(("api", "keys", index)) for index, key in enumerate(api.keys))
        return ControlPlaneSettings(
            state=state,
            listener=ApiListener(
                api.host, api.port, tls=api.tls, certificate=api.certificate, key=api.key, name=api.name
            ),
            authentication=Authentication(keys, api.account, api.region, role_sessions(api.roles)),
            profile=profile_named(time.profile, time.factor, time.durations.laws),
            api=ApiSettings(
                quotas=Quotas(**self.quotas.model_dump()),
                retention_s=time.retention,
                dashed_operation_ids=self.dashed_operation_ids,
                needs_connection=self.needs_connection,
                passed_to_service=api.passed_to_service,
                has_linked_roles=api.service_linked_roles,
                web_acls=load_web_acls(self.waf.files),
                vpcs=self.network.resolved(),
                accepted_types=frozenset(self.cloudformation.accept),
            ),
            seed=self.seed,
            waf=self.waf.settings(api.region),
        )


def load_config(path: Path) -> ServeConfig:
    """Load the file. Paths in it are relative to its folder.

    Raises:
        ScenarioError: with every problem of the file.
    """
    document = parse_document(read_document_text(path), str(path))
    try:
        config = ServeConfig.model_validate(document.data, context={"folder": str(path.parent)})
    except ValidationError as error:
        from simulator.scenario.validation.error_messages import (  # noqa: PLC0415 it imports all policies; used only after an error
            explain,
        )

        raise ScenarioError(_without_secrets(explain(error, document, ServeConfig))) from error
    checked_keys(config.api.keys, document, config.api.roles)
    return config


def with_options(config: ServeConfig, **options: Any) -> ServeConfig:
    """Override values of the file with those of `api_host=...`, `time_profile=...` and so on that are not None."""
    sections: dict[str, dict[str, Any]] = {}
    for name, value in options.items():
        section, _, key = name.partition("_")
        if value is not None:
            sections.setdefault(section, {})[key] = value
    changed = {name: getattr(config, name).model_copy(update=values) for name, values in sections.items()}
    return config.model_copy(update=changed)


def _without_secrets(problems: list[Problem]) -> list[Problem]:
    return [each._replace(found="what stands there") if each.path.endswith(_SECRETS) else each for each in problems]
