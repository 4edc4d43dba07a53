from __future__ import annotations

import dataclasses
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from simulator.control.audit import HIDDEN
from simulator.control.state.log_entries import EntryKind
from simulator.control.state.store_checkpoints import Checkpoints
from simulator.model.resources.api_error import ApiError
from simulator.world.random_streams import RandomStreams
from tests.control.api_stage import ALICE, Stage
from tests.control.resources.sources import CODE
from tests.virtual import run_virtual


def records(stage: Stage) -> list[dict[str, Any]]:
    return [json.loads(entry.text) for entry in stage.store.entries_after(0, kind=EntryKind.AUDIT)]


def test_a_change_is_recorded_in_cloudtrails_form_with_the_change() -> None:
    async def main() -> None:
        async with Stage() as stage:
            answer = stage.call("CreateConnection", ConnectionName="hub1", ProviderType="GITHUB")
            (record,) = records(stage)
            assert record == {
                "eventVersion": "1.08",
                "userIdentity": {
                    "type": "IAMUser",
                    "principalId": "AKIDEXAMPLE",
                    "arn": "arn:aws:iam::123456789012:user/simulator",
                    "accountId": "123456789012",
                    "accessKeyId": "AKIDEXAMPLE",
                    "userName": "simulator",
                },
                "eventTime": "2026-01-01T00:00:00Z",
                "eventSource": "apprunner.amazonaws.com",
                "eventName": "CreateConnection",
                "awsRegion": "us-east-1",
                "sourceIPAddress": "127.0.0.1",
                "userAgent": "pytest",
                "requestParameters": {"connectionName": "hub1", "providerType": "GITHUB"},
                "responseElements": {
                    "connection": {
                        "connectionName": "hub1",
                        "connectionArn": answer["Connection"]["ConnectionArn"],
                        "providerType": "GITHUB",
                        "status": "PENDING_HANDSHAKE",
                        "createdAt": stage.now(),
                    }
                },
                "requestID": "request-1",
                "eventID": record["eventID"],
                "readOnly": False,
                "eventType": "AwsApiCall",
                "managementEvent": True,
                "recipientAccountId": "123456789012",
                "eventCategory": "Management",
            }

    run_virtual(main)


def test_commands_variables_and_secrets_are_hidden_in_requests_and_answers() -> None:
    async def main() -> None:
        async with Stage() as stage:
            values = {
                "Runtime": "PYTHON_311",
                "BuildCommand": "s3cret build",
                "StartCommand": "s3cret start",
                "RuntimeEnvironmentVariables": {"NAME": "s3cret value"},
                "RuntimeEnvironmentSecrets": {"OTHER": "s3cret"},
            }
            repository = CODE["CodeRepository"] | {
                "CodeConfiguration": {"ConfigurationSource": "API", "CodeConfigurationValues": values}
            }
            role = {"InstanceRoleArn": "arn:aws:iam::123456789012:role/app"}
            stage.create(SourceConfiguration={"CodeRepository": repository}, InstanceConfiguration=role)
            (record,) = records(stage)
            assert "s3cret" not in json.dumps(record)
            for part in (record["requestParameters"], record["responseElements"]["service"]):
                shown = part["sourceConfiguration"]["codeRepository"]["codeConfiguration"]["codeConfigurationValues"]
                assert shown["buildCommand"] == shown["startCommand"] == HIDDEN
                assert shown["runtimeEnvironmentVariables"] == shown["runtimeEnvironmentSecrets"] == HIDDEN
                assert shown["runtime"] == "PYTHON_311"

    run_virtual(main)


def test_reads_are_recorded_without_their_answers_after_a_second() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = stage.create()
            for _ in range(3):
                stage.call("DescribeService", ServiceArn=arn)
            assert len(records(stage)) == 1
            await stage.passes(1)
            assert [(each["eventName"], each["readOnly"], each["responseElements"]) for each in records(stage)[1:]] == [
                ("DescribeService", True, None)
            ] * 3
            entries = stage.store.entries_after(0, kind=EntryKind.AUDIT, service=arn)
            assert len(entries) == 4  # those of the service, including its creation

    run_virtual(main)


def test_many_reads_are_recorded_before_they_fill_the_memory() -> None:
    async def main() -> None:
        async with Stage() as stage:
            for _ in range(140):
                stage.call("ListServices")
            assert len(records(stage)) == 125
            stage.api.flush()
            assert len(records(stage)) == 140

    run_virtual(main)


def test_a_rejected_call_is_recorded_with_its_error() -> None:
    async def main() -> None:
        async with Stage() as stage:
            error = stage.rejected("DeleteConnection", ConnectionArn="hello")
            stage.api.rejected(ALICE, "CreateService", {}, error)  # as a call that the endpoint itself rejected
            stage.api.flush()
            assert [(each["eventName"], each["errorCode"], each["errorMessage"]) for each in records(stage)] == [
                ("DeleteConnection", "InvalidRequestException", error.message),
                ("CreateService", "InvalidRequestException", error.message),
            ]

    run_virtual(main)


def test_one_read_writes_a_bounded_number_of_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call waits for what is written in its turn of the loop, which the 99th percentile includes."""
    written: list[int] = []

    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            write = stage.store.write

            def counted(**what: Any) -> None:
                written.append(len(list(what["entries"])))
                write(**what)

            monkeypatch.setattr(stage.store, "write", counted)
            for _ in range(1000):
                before = len(written)
                stage.call("DescribeService", ServiceArn=arn)
                assert sum(written[before:]) <= 25
            assert sum(written) >= 975

    run_virtual(main)


def test_a_read_takes_little_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints copy the log's pages, which delays the calls. With a row per record, a record took 3,260 bytes."""
    monkeypatch.setattr(Checkpoints, "committed", lambda *_, **__: None)

    async def main() -> None:
        async with Stage(tmp_path / "state.db") as stage:
            arn = await stage.running()
            stage.api.flush()
            log = tmp_path / "state.db-wal"
            before = log.stat().st_size
            streams = RandomStreams(1)
            for number in range(1000):
                request_id = str(uuid.UUID(streams.identifier(number)))
                caller = dataclasses.replace(ALICE, request_id=request_id)
                stage.call("DescribeService", caller, ServiceArn=arn)
            assert (log.stat().st_size - before) / 1000 < 1100
            assert len(stage.store.entries_after(0, kind=EntryKind.AUDIT, service=arn, limit=5000)) > 1000

    run_virtual(main)


def test_calls_of_waf_are_calls_of_another_service() -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.call("ListServices")
            with pytest.raises(ApiError):
                stage.api.handle(ALICE, "AssociateWebACL", {"ResourceArn": "none", "WebACLArn": "none"})
            stage.api.flush()
            found = [(record["eventName"], record["eventSource"]) for record in records(stage)]
            assert found == [("ListServices", "apprunner.amazonaws.com"), ("AssociateWebACL", "wafv2.amazonaws.com")]

    run_virtual(main)
