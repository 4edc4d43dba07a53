"""Custom domains validated by records that `dig` returns, with a process behind the service: wrong, right, removed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings, open_serving
from simulator.cli.platform.dns_section import DnsSection
from simulator.control.operations.time_profile import profile_named
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.process.environment import ProcessApplication
from simulator.platform.applications import ApplicationSettings
from simulator.platform.service_workload import WorkloadSettings, local_host
from simulator.wire.dns.zone_file import ZoneFile
from simulator.world.clock import ClockKind, run
from tests.live import client_tools
from tests.live.test_serving import APPLICATION, IMAGE, Stage
from tests.live.waiting import PATIENCE_S, until

FACTOR = 0.02  # the half minute of the validation takes 0.6 s


async def dig(port: int, *words: str) -> list[str]:
    """Return the lines of `dig +short`."""
    command = ["dig", "@127.0.0.1", "-p", str(port), "+short", "+tries=1", *words]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    answer, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == 0, answer
    return answer.decode().splitlines()


async def status(port: int, *words: str) -> str:
    command = ["dig", "@127.0.0.1", "-p", str(port), "+noall", "+comments", *words]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    answer, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    return answer.decode().partition("status: ")[2].partition(",")[0]


def records_verb(state: Path, *words: str) -> str:
    command = [sys.executable, "-m", "simulator", "dns", *words, "--state", str(state)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


async def follow(stage: Stage, port: int, state: Path) -> None:
    arn, host = await stage.running(WHO="me")
    assert await dig(port, host) == await dig(port, "+tcp", local_host(host)) == ["127.0.0.1"]
    assert await status(port, f"x{host}") == "NXDOMAIN"
    assert await status(port, "example.com") == "REFUSED"
    assert "hostmaster.localhost." in (await dig(port, "awsapprunner.com", "SOA"))[0]

    request = {"ServiceArn": arn, "DomainName": "acme.dev", "EnableWWWSubdomain": False}
    expected = stage.call("AssociateCustomDomain", **request)["CustomDomain"]["CertificateValidationRecords"]

    def shown() -> tuple[str, list[str]]:
        (domain,) = stage.call("DescribeCustomDomains", ServiceArn=arn)["CustomDomains"]
        return domain["Status"], [each["Status"] for each in domain["CertificateValidationRecords"]]

    first, second = expected
    await asyncio.to_thread(records_verb, state, "add", first["Name"], "CNAME", "_0.wrong.acm-validations.aws.")
    records = ZoneFile(state / "records.zone")
    records.add(second["Name"], "CNAME", second["Value"])
    assert await dig(port, first["Name"], "CNAME") == ["_0.wrong.acm-validations.aws."]
    pending = "pending_certificate_dns_validation"
    await until(lambda: shown() == (pending, ["PENDING_VALIDATION", "SUCCESS"]))
    assert (await status(port, "acme.dev"), await dig(port, "acme.dev")) == ("NOERROR", [])
    checked = await asyncio.to_thread(records_verb, state, "check", "acme.dev")
    assert "found _0.wrong.acm-validations.aws." in checked
    assert f"right    {second['Name']}" in checked
    assert shown()[0] == pending

    records.remove(first["Name"])
    records.add(first["Name"], "CNAME", first["Value"])
    assert await dig(port, first["Name"]) == [first["Value"]]
    await until(lambda: shown() == ("active", ["SUCCESS", "SUCCESS"]))
    assert await stage.get("acme.dev") == (200, "me")
    assert await dig(port, "acme.dev") == ["127.0.0.1"]
    records.add("www.acme.dev", "CNAME", host)  # as users point a name at the DNSTarget
    assert await dig(port, "www.acme.dev") == [f"{host}.", "127.0.0.1"]

    records.remove(first["Name"])
    assert await status(port, first["Name"]) == "NXDOMAIN"
    await until(lambda: shown() == ("active", ["PENDING_VALIDATION", "SUCCESS"]))
    await until(lambda: shown() == ("active", ["FAILED", "SUCCESS"]))

    front = stage.serving.platform.front
    assert front is not None
    await until(lambda: not front.knows("acme.dev"))
    assert await dig(port, "acme.dev") == []
    assert (await stage.get(host))[0] == 200


def test_a_domain_with_wrong_then_right_then_removed_records(tmp_path: Path) -> None:
    client_tools.dig()
    (tmp_path / "application").mkdir()
    (tmp_path / "application" / "app.py").write_text(APPLICATION, encoding="utf-8")
    process = ProcessApplication(("python3", "app.py"), working_directory=tmp_path / "application")
    state = tmp_path / "state"
    section = DnsSection.model_validate({"port": 0, "validation": "records", "renewal": "100s", "validity": "250s"})

    async def main() -> None:
        dns = section.opened(state)
        assert dns is not None
        settings = ServingSettings(
            ControlPlaneSettings(state, listener=None, profile=profile_named("instant", FACTOR)),
            LiveSettings(state),
            WorkloadSettings(startup_probe_s=0.02, settle_s=0.1),
            ApplicationSettings({IMAGE: process}),
        )
        async with await open_serving(dns.settings(settings)) as serving:
            assert serving.platform.front is not None
            (line,) = await dns.open(serving.platform.front)
            port = int(line.partition("-p ")[2].split()[0])
            try:
                await follow(Stage(serving), port, state)
            finally:
                await dns.close()

    run(ClockKind.REAL, main)
