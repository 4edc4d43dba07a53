from __future__ import annotations

from typing import Any

import pytest

from simulator.model.health import HealthProtocol
from simulator.model.resources.service_configuration import ServiceConfiguration, start_words
from simulator.model.sizes import InstanceSize

IMAGE = {
    "ImageRepository": {
        "ImageIdentifier": "public.ecr.aws/a/hello:latest",
        "ImageRepositoryType": "ECR_PUBLIC",
        "ImageConfiguration": {
            "Port": "8000",
            "StartCommand": "serve --fast",
            "RuntimeEnvironmentVariables": {"A": "1"},
            "RuntimeEnvironmentSecrets": {"B": "parameter"},
        },
    },
    "AutoDeploymentsEnabled": False,
}


def configuration(source: dict[str, Any]) -> ServiceConfiguration:
    return ServiceConfiguration(
        source=source,
        instance={"Cpu": "256", "Memory": "512", "InstanceRoleArn": "arn:aws:iam::123456789012:role/app"},
        health_check={
            "Protocol": "HTTP",
            "Path": "/up",
            "Interval": 1,
            "Timeout": 2,
            "HealthyThreshold": 3,
            "UnhealthyThreshold": 4,
        },
        network={
            "IpAddressType": "IPV4",
            "EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": "connector"},
            "IngressConfiguration": {"IsPubliclyAccessible": False},
        },
        observability={"ObservabilityEnabled": True, "ObservabilityConfigurationArn": "tracing"},
        auto_scaling_arn="scaling",
    )


def code(configuration_source: str) -> dict[str, Any]:
    values = {"Runtime": "PYTHON_311", "Port": "9000", "StartCommand": "python app.py"}
    return {
        "CodeRepository": {
            "RepositoryUrl": "https://github.com/a/b",
            "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
            "CodeConfiguration": {"ConfigurationSource": configuration_source, "CodeConfigurationValues": values},
        },
        "AuthenticationConfiguration": {"ConnectionArn": "connection"},
        "AutoDeploymentsEnabled": True,
    }


def test_the_settings_of_a_service_from_an_image_are_plain_values() -> None:
    service = configuration(IMAGE)
    assert (service.image, service.repository, service.port) == ("public.ecr.aws/a/hello:latest", None, 8000)
    assert (service.start_command, service.variables, service.secrets) == (
        "serve --fast",
        {"A": "1"},
        {"B": "parameter"},
    )
    assert service.size == InstanceSize(256, 512)
    assert (service.health.protocol, service.health.path, service.health.unhealthy_threshold) == (
        HealthProtocol.HTTP,
        "/up",
        4,
    )
    assert (service.is_public, service.vpc_connector_arn, service.observability_arn) == (False, "connector", "tracing")
    assert (service.deploys_automatically, service.connection_arn) == (False, None)
    assert service.instance_role_arn == "arn:aws:iam::123456789012:role/app"


def test_the_settings_of_a_service_from_code_configured_by_the_api_are_plain_values() -> None:
    service = configuration(code("API"))
    assert (service.image, service.port, service.start_command) == (None, 9000, "python app.py")
    assert (service.deploys_automatically, service.connection_arn) == (True, "connection")


def test_a_service_from_code_configured_by_its_repository_ignores_the_values_of_the_api() -> None:
    service = configuration(code("REPOSITORY"))
    assert (service.port, service.start_command, service.variables) == (8080, None, {})


def test_a_start_command_is_split_as_by_a_shell_and_not_in_the_error_if_it_cannot_be_split() -> None:
    assert start_words("python app.py --name 'a b' $HOME") == ("python", "app.py", "--name", "a b", "$HOME")
    with pytest.raises(ValueError, match="quotation marks closed") as caught:
        start_words("serve --token 'secret")
    assert "secret" not in str(caught.value)
