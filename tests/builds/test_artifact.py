from __future__ import annotations

from typing import Any

from simulator.builds.artifact import CodeValues, SourceDescription
from simulator.model.resources.service_configuration import ServiceConfiguration


def configuration(code: dict[str, Any], **repository: Any) -> ServiceConfiguration:
    source = {
        "CodeRepository": {
            "RepositoryUrl": "https://github.com/example/shop",
            "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
            "CodeConfiguration": code,
            **repository,
        },
        "AuthenticationConfiguration": {"ConnectionArn": "arn:aws:apprunner:us-east-1:1:connection/mine/1"},
    }
    return ServiceConfiguration(source, {}, {}, {}, {}, "")


def test_a_service_that_is_configured_by_its_repository_has_no_values() -> None:
    source = SourceDescription.of(configuration({"ConfigurationSource": "REPOSITORY"}, SourceDirectory="/a"))
    assert (source.values, source.source_directory, source.branch) == (None, "/a", "main")
    assert source.connection == "arn:aws:apprunner:us-east-1:1:connection/mine/1"


def test_a_service_configured_by_the_api_has_its_values() -> None:
    values = {"Runtime": "NODEJS_22", "BuildCommand": "npm ci", "StartCommand": "npm start", "Port": "3000"}
    source = SourceDescription.of(
        configuration({"ConfigurationSource": "API", "CodeConfigurationValues": values}), is_new=True
    )
    assert source.values == CodeValues("NODEJS_22", "npm ci", "npm start", 3000)
    assert source.source_directory == "/"
    assert source.is_new
