"""The control plane as a whole: what it refuses to open, what it keeps, and that it gives everything back."""

from __future__ import annotations

import asyncio
import logging
import ssl
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from simulator.api.access_keys import AccessKey, AccessKeys
from simulator.api.api_listener import ApiListener
from simulator.api.authentication import Authentication
from simulator.assembly.control_plane import STORE_NAME, ControlPlane, ControlPlaneSettings, open_control_plane
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.principal import Principal
from simulator.control.state.store_lock import StateHeld
from simulator.model.resources.api_error import ApiError
from simulator.world.clock import ClockKind, run

ALICE = Principal("123456789012", "us-east-1", "AKIDEXAMPLE", "request-1", "127.0.0.1", "pytest")


def opened(settings: ControlPlaneSettings, test: Callable[[ControlPlane], Awaitable[None]]) -> None:
    async def main() -> None:
        async with await open_control_plane(settings, SimulatedWorkload()) as plane:
            await test(plane)

    run(ClockKind.REAL, main)


async def nothing(_: ControlPlane) -> None: ...


def test_without_access_keys_only_this_machine_may_call() -> None:
    with pytest.raises(ValueError, match="must be a loopback address as long as no access keys are configured"):
        ControlPlaneSettings(listener=ApiListener(host="192.0.2.1", tls=True))


def test_without_tls_only_this_machine_may_call() -> None:
    keys = Authentication(AccessKeys([AccessKey("AKIDEXAMPLE", "secret")]))
    with pytest.raises(ValueError, match="must be a loopback address unless TLS is on"):
        ControlPlaneSettings(listener=ApiListener(host="192.0.2.1"), authentication=keys)
    ControlPlaneSettings(listener=ApiListener(host="192.0.2.1", tls=True), authentication=keys)


def test_the_url_is_that_of_the_port_that_was_free() -> None:
    async def test(plane: ControlPlane) -> None:
        assert plane.url.startswith("http://127.0.0.1:")
        assert not plane.url.endswith(":0")
        with pytest.raises(urllib.request.HTTPError) as caught:
            await asyncio.to_thread(urllib.request.urlopen, plane.url)
        assert caught.value.code in {400, 404, 405}
        caught.value.close()

    opened(ControlPlaneSettings(listener=ApiListener(port=0)), test)


def test_a_certificate_of_its_own_is_that_of_the_local_authority(tmp_path: Path) -> None:
    async def test(plane: ControlPlane) -> None:
        assert plane.url.startswith("https://")
        assert plane.root_certificate is not None
        port = int(plane.url.rpartition(":")[2])
        context = ssl.create_default_context(cafile=plane.root_certificate)
        name = plane.url.removeprefix("https://").rpartition(":")[0]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
        writer.close()

    opened(ControlPlaneSettings(tmp_path, ApiListener(port=0, tls=True)), test)


def test_tls_without_a_folder_for_the_authority_is_explained_and_leaves_nothing_open() -> None:
    with pytest.raises(ValueError, match="tls = true, must come with a state folder or a certificate of your own"):
        opened(ControlPlaneSettings(listener=ApiListener(port=0, tls=True)), nothing)


def test_a_certificate_that_is_none_names_the_files_and_frees_the_state(tmp_path: Path) -> None:
    file = tmp_path / "own.pem"
    file.write_text("no certificate", encoding="utf-8")
    listener = ApiListener(port=0, tls=True, certificate=file, key=file)
    with pytest.raises(ValueError, match=r"certificate = .*own\.pem and .*own\.pem, must be a certificate and its key"):
        opened(ControlPlaneSettings(tmp_path / "state", listener), nothing)
    opened(ControlPlaneSettings(tmp_path / "state", listener=None), nothing)


def test_a_state_has_one_simulator_at_a_time(tmp_path: Path) -> None:
    settings = ControlPlaneSettings(tmp_path, listener=None)

    async def test(_: ControlPlane) -> None:
        with pytest.raises(StateHeld):
            await open_control_plane(settings, SimulatedWorkload())

    opened(settings, test)
    opened(settings, nothing)


def test_a_state_whose_store_has_gone_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = ControlPlaneSettings(tmp_path, listener=None)
    opened(settings, nothing)
    (tmp_path / STORE_NAME).unlink()
    with caplog.at_level(logging.WARNING):
        opened(settings, nothing)
    assert f"{STORE_NAME} no longer exists; starting with an empty state" in caplog.text


def test_a_connection_is_approved_in_the_account_and_region_of_requests_that_name_none() -> None:
    async def test(plane: ControlPlane) -> None:
        created = plane.api.handle(ALICE, "CreateConnection", {"ConnectionName": "git", "ProviderType": "GITHUB"})
        assert created["Connection"]["Status"] == "PENDING_HANDSHAKE"
        assert plane.approve_connection("git") == created["Connection"]["ConnectionArn"]
        (listed,) = plane.api.handle(ALICE, "ListConnections", {})["ConnectionSummaryList"]
        assert listed["Status"] == "AVAILABLE"
        with pytest.raises(ApiError):
            plane.approve_connection("unknown")

    opened(ControlPlaneSettings(listener=None), test)
