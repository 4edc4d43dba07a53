from __future__ import annotations

from typing import Any

import pytest

from simulator.control.resources.source_rules import completed_source
from simulator.control.wall_clock import VIRTUAL_START_S
from simulator.model.resources.api_error import ApiError
from tests.control.api_stage import IMAGE
from tests.control.resources.sources import CODE, ECR, ECR_IMAGE

ACCOUNT = "123456789012"
PORT = {"Port": "8080"}


def completed(given: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    return completed_source(given, before, account=ACCOUNT, now=VIRTUAL_START_S)


def image(**settings: Any) -> dict[str, Any]:
    return {"ImageRepository": IMAGE["ImageRepository"] | {"ImageConfiguration": settings}}


def code(values: dict[str, Any] | None = None, **repository: Any) -> dict[str, Any]:
    block = CODE["CodeRepository"] | repository
    if values is not None:
        block["CodeConfiguration"] = {"ConfigurationSource": "API", "CodeConfigurationValues": values}
    return {"CodeRepository": block}


def rejection(given: dict[str, Any], before: dict[str, Any] | None = None) -> str:
    with pytest.raises(ApiError) as caught:
        completed(given, before)
    assert caught.value.code == "InvalidRequestException"
    return caught.value.message


# --- images ----------------------------------------------------------------------------------------------------------


def test_an_image_of_the_accounts_ecr_is_deployed_automatically_by_default() -> None:
    assert completed(ECR)["AutoDeploymentsEnabled"] is True
    assert completed(ECR | {"AutoDeploymentsEnabled": False})["AutoDeploymentsEnabled"] is False


@pytest.mark.parametrize("identifier", [ECR_IMAGE.replace(ACCOUNT, "210987654321"), None])
@pytest.mark.case("P36")
def test_images_of_other_registries_are_not_deployed_automatically(identifier: str | None) -> None:
    source: dict[str, Any] = IMAGE
    if identifier is not None:
        source = ECR | {"ImageRepository": ECR["ImageRepository"] | {"ImageIdentifier": identifier}}
    assert completed(source)["AutoDeploymentsEnabled"] is False
    message = rejection(source | {"AutoDeploymentsEnabled": True})
    public = "App Runner doesn't support automatic deployments for an image in an ECR Public repository."
    another = "AutoDeploymentsEnabled = true, must be false for an image of another account's ECR."
    assert message == (another if identifier else public)


def test_an_access_role_is_for_ecr_and_not_for_ecr_public() -> None:
    without = {"ImageRepository": ECR["ImageRepository"]}
    assert "AccessRoleArn must be given" in rejection(without)
    role = {"AuthenticationConfiguration": ECR["AuthenticationConfiguration"]}
    assert "AccessRoleArn must not be given" in rejection(IMAGE | role)


def test_the_type_has_to_fit_the_identifier() -> None:
    public = {"ImageRepository": {"ImageIdentifier": ECR_IMAGE, "ImageRepositoryType": "ECR_PUBLIC"}}
    assert "must be ECR for the image" in rejection(public)
    private = {"ImageRepository": IMAGE["ImageRepository"] | {"ImageRepositoryType": "ECR"}}
    assert "must be ECR_PUBLIC for the image" in rejection(private)


def test_an_update_keeps_the_role_and_the_switch_but_not_the_image_settings() -> None:
    before = completed(
        ECR
        | {"ImageRepository": ECR["ImageRepository"] | {"ImageConfiguration": {"Port": "80"}}}
        | {"AutoDeploymentsEnabled": False}
    )
    new = {"ImageIdentifier": f"{ECR_IMAGE}2", "ImageRepositoryType": "ECR"}
    after = completed({"ImageRepository": new}, before)
    assert after == before | {"ImageRepository": new}
    assert completed({}, before) == before


def test_an_update_to_ecr_public_removes_the_access_role() -> None:
    after = completed(IMAGE, completed(ECR))
    assert after == completed(IMAGE)


# --- source code -----------------------------------------------------------------------------------------------------


def test_a_code_service_has_automatic_deployments_and_a_port() -> None:
    source = completed(CODE)
    values = source["CodeRepository"]["CodeConfiguration"]["CodeConfigurationValues"]
    assert (source["AutoDeploymentsEnabled"], values["Port"]) == (True, "8080")


def test_an_update_of_the_branch_keeps_the_code_configuration() -> None:
    before = completed(CODE)
    repository = {key: value for key, value in CODE["CodeRepository"].items() if key != "CodeConfiguration"}
    version = {"Type": "BRANCH", "Value": "release"}
    after = completed({"CodeRepository": repository | {"SourceCodeVersion": version}}, before)
    assert after["CodeRepository"] == before["CodeRepository"] | {"SourceCodeVersion": version}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "either CodeRepository or ImageRepository"),
        (CODE | IMAGE, "either CodeRepository or ImageRepository"),
        (code(RepositoryUrl=""), "RepositoryUrl must not be empty"),
        (code(SourceCodeVersion={"Type": "BRANCH", "Value": ""}), "must be the name of a branch"),
        (code(SourceDirectory="service-a"), "must be an absolute path within the repository"),
        (code(SourceDirectory="/a/../../b"), "must be an absolute path within the repository"),
        (code(CodeConfiguration=None), "CodeConfiguration must be given for a new service"),
        (code(CodeConfiguration={"ConfigurationSource": "API"}), "CodeConfigurationValues must be given"),
        (code({"Runtime": "PYTHON_3"}), "Runtime = PYTHON_3, must be a supported one"),
    ],
)
def test_an_invalid_source_configuration_is_rejected(given: dict[str, Any], message: str) -> None:
    assert message in rejection(given)


def test_a_runtime_past_its_end_may_be_kept_by_an_update() -> None:
    before = completed(CODE)
    after = completed(code({"Runtime": "NODEJS_18"}), before)
    values = after["CodeRepository"]["CodeConfiguration"]["CodeConfigurationValues"]
    assert values == {"Runtime": "NODEJS_18"} | PORT


def test_an_update_cannot_change_between_code_and_image() -> None:
    assert "must have ImageRepository" in rejection(CODE, completed(IMAGE))
    assert "must have CodeRepository" in rejection(IMAGE, completed(CODE))


# --- images and source code ------------------------------------------------------------------------------------------

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf:username::"


def test_variables_and_references_are_kept_as_they_are() -> None:
    settings = {
        "Port": "1",
        "RuntimeEnvironmentVariables": {"A": ""},
        "RuntimeEnvironmentSecrets": {"B": SECRET, "C": "a/parameter"},
    }
    assert completed(image(**settings))["ImageRepository"]["ImageConfiguration"] == settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"Port": "0"}, "Port = '0', must be 1 to 65535"),
        ({"Port": "65536"}, "Port = '65536', must be 1 to 65535"),
        ({"Port": "http"}, "must be 1 to 65535"),
        ({"Port": "80\n"}, "must be 1 to 65535"),
        ({"RuntimeEnvironmentVariables": {"PORT": "1"}}, "'PORT' of an environment variable is reserved"),
        ({"RuntimeEnvironmentVariables": {"AWSAPPRUNNER_X": "1"}}, "is reserved"),
        ({"RuntimeEnvironmentSecrets": {"AWSAPPRUNNER": "a"}}, "is reserved"),
        ({"RuntimeEnvironmentSecrets": {"A": "arn:aws:s3:::bucket"}}, "RuntimeEnvironmentSecrets.A: secret = "),
        (
            {"RuntimeEnvironmentVariables": {"A": "1"}, "RuntimeEnvironmentSecrets": {"A": "b"}},
            "either in RuntimeEnvironmentVariables or in RuntimeEnvironmentSecrets",
        ),
    ],
)
def test_invalid_settings_are_rejected_for_images_and_code_alike(settings: dict[str, Any], message: str) -> None:
    assert message in rejection(image(**settings))
    assert message in rejection(code({"Runtime": "PYTHON_311"} | settings))
