"""The section `source` of a service: the image or repository from which App Runner gets its application.

In a scenario pulls and builds are simulated on both clocks, with the durations given here. The service's `application`
defines what then runs; in real time it may have been built from source code before the run (replay/source_builds.py).
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, model_validator

from simulator.model.images import ImageIdentifier, RegistryKind
from simulator.scenario.sections.base_model import Flag, Section
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec

ACCOUNT: Final = "123456789012"  # the account and Region of a scenario's services
REGION: Final = "us-east-1"
# Default: an image in the account's own ECR registry.
DEFAULT_REGISTRY: Final = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
ROLE_ARN: Final = f"arn:aws:iam::{ACCOUNT}:role/apprunner-access"


def _of_ecr(text: str) -> str:
    identifier = ImageIdentifier(text)
    if identifier.registry is RegistryKind.LOCAL:
        msg = f"image = {text}, must be of ECR or ECR Public: <account>.dkr.ecr.<region>.amazonaws.com/<name>:<tag>"
        raise ValueError(msg)
    return text


class ServiceSourceSpec(Section):
    """The origin of the application (default: an image in the account's own ECR registry)."""

    image: Annotated[str, AfterValidator(_of_ecr)] | None = None
    """The identifier of an ECR or ECR Public image."""
    repository: str | None = Field(default=None, min_length=1, max_length=1024)
    """The URL of a repository with source code."""
    branch: str = Field(default="main", min_length=1, max_length=255)
    """With repository: the branch."""
    pull: DistributionSpec = NOTHING
    """With image: duration of the pull in a deployment."""
    build: DistributionSpec = NOTHING
    """With repository: duration of a build. Build minutes are billed."""
    auto_deployments: Flag = False
    """Pushes deploy (`deploy: {trigger: push}`); the bill includes the monthly dollar for automatic deployments."""

    @model_validator(mode="after")
    def _is_one(self) -> ServiceSourceSpec:
        if self.image is not None and self.repository is not None:
            msg = "source = image and repository, must be one of them"
            raise ValueError(msg)
        if self.repository is None and "build" in self.model_fields_set:
            msg = "build = given, must be left out without repository"
            raise ValueError(msg)
        if self.repository is not None and "pull" in self.model_fields_set:
            msg = "pull = given, must be left out with repository"
            raise ValueError(msg)
        if self.auto_deployments and not self.may_deploy_automatically:
            msg = "auto_deployments = true, must be false for ECR Public, another account's ECR and a digest"
            raise ValueError(msg)
        return self

    @property
    def may_deploy_automatically(self) -> bool:
        """True if automatic deployments are possible (facts 6.7, 7)."""
        if self.image is None:
            return True
        return self.image.startswith(f"{ACCOUNT}.dkr.ecr.") and "@sha256:" not in self.image

    def configuration(self, name: str) -> dict[str, Any]:
        """Return the SourceConfiguration of the API for the service `name`."""
        automatic = {"AutoDeploymentsEnabled": self.auto_deployments}
        if self.repository is not None:
            values = {"Runtime": "PYTHON_311", "StartCommand": "start"}
            code = {"ConfigurationSource": "API", "CodeConfigurationValues": values}
            version = {"Type": "BRANCH", "Value": self.branch}
            repository = {
                "RepositoryUrl": self.repository,
                "SourceCodeVersion": version,
                "CodeConfiguration": code,
            }
            return automatic | {"CodeRepository": repository}
        image = self.image or f"{DEFAULT_REGISTRY}/{name}:latest"
        public = ImageIdentifier(image).registry is RegistryKind.ECR_PUBLIC
        kind = "ECR_PUBLIC" if public else "ECR"
        given = automatic | {"ImageRepository": {"ImageIdentifier": image, "ImageRepositoryType": kind}}
        return given if public else given | {"AuthenticationConfiguration": {"AccessRoleArn": ROLE_ARN}}


class OperationsSpec(Section):
    """Durations of control plane operations."""

    time_profile: Annotated[str, Field(pattern="^(instant|app-runner)$")] = "app-runner"
    """app-runner: at least the durations measured on AWS. instant: only the time of the work itself."""
    time_factor: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """Factor on the durations of the profile; 0.1 is ten times as fast."""
