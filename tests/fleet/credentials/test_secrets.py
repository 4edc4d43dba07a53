"""Secrets are resolved to variables, all or none, and their values appear in no message."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from simulator.fleet.credentials.secrets import FileSecrets, SecretsError, SecretsPlace, resolve
from simulator.fleet.ports import InstanceSpec
from simulator.model.sizes import InstanceSize

ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf"
VALUE = "hunter2-and-more"
FILE = f"""
{ARN}: {{user: ada, password: {VALUE}, port: 5432}}
"{ARN}::AWSPREVIOUS:": old
shop/key: {VALUE}
"""


@pytest.fixture
def source(tmp_path: Path) -> FileSecrets:
    path = tmp_path / "secrets.yaml"
    path.write_text(FILE)
    return FileSecrets(path)


async def test_references_become_values(source: FileSecrets) -> None:
    told = await resolve(
        {"KEY": "shop/key", "PASSWORD": f"{ARN}:password::", "PORT_DB": f"{ARN}:port::", "OLD": f"{ARN}::AWSPREVIOUS:"},
        source,
    )
    assert told == {"KEY": VALUE, "PASSWORD": VALUE, "PORT_DB": "5432", "OLD": "old"}
    assert '"user": "ada"' in (await resolve({"WHOLE": ARN}, source))["WHOLE"]


async def test_every_bad_reference_is_named_and_no_value_is_shown(source: FileSecrets) -> None:
    references = {"A": "no such", "B": "missing", "C": f"{ARN}:absent::", "D": "shop/key", "E": f"{ARN}::AWSPREVIOUS:x"}
    with pytest.raises(SecretsError) as caught:
        await resolve(references, source)
    text = "".join(traceback.format_exception(caught.value))
    for variable in ("A (no such)", "B (missing)", f"C ({ARN}:absent::)", "E ("):
        assert variable in text
    assert "D (" not in text
    assert VALUE not in text
    assert "old" not in text.split("AWSPREVIOUS")[0]


@pytest.mark.case("P17")
async def test_a_bare_name_without_a_value_is_reported_as_a_parameter(source: FileSecrets) -> None:
    with pytest.raises(SecretsError) as caught:
        await resolve({"PLAIN": "plain", "OTHER": f"{ARN}x"}, source)
    plain, other = str(caught.value).split("; OTHER")
    assert plain.endswith(
        "has no plain (a bare name is an SSM parameter's; a secret of Secrets Manager is named by its ARN)"
    )
    assert "bare name" not in other


@pytest.mark.parametrize("text", ["- a", "a: [", "1: x", f"key: {VALUE}: x"])
def test_an_unsuitable_secrets_file_is_rejected_without_its_contents(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match="must be a YAML or JSON mapping") as caught:
        FileSecrets(path)
    assert VALUE not in "".join(traceback.format_exception(caught.value))


def test_a_secret_source_needs_a_file_or_an_endpoint() -> None:
    with pytest.raises(ValueError, match="must be in a file or at an endpoint"):
        SecretsPlace().source()


def test_the_environment_of_an_instance_is_not_shown() -> None:
    assert VALUE not in repr(InstanceSpec("web", 1, InstanceSize(), {"KEY": VALUE}))
