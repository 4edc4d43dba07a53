from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from simulator.fleet.network.namespace_proxy import cannot_open, listening_inside
from simulator.fleet.ports import LoopbackListener

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="joining a network namespace takes root")


@needs_root
def test_the_proxy_listens_on_the_loopback_of_the_process_only() -> None:
    with subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep 60"],
                          stdout=subprocess.PIPE, text=True) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            with listening_inside(process.pid, 51679) as handler:
                assert handler.getsockname() == ("127.0.0.1", 51679)
                assert not handler.getblocking()
                with pytest.raises(OSError, match="Connection refused"):
                    socket.create_connection(("127.0.0.1", 51679)).close()
                told = subprocess.run(
                    ["nsenter", "--net", "--target", str(process.pid), "cat", "/proc/net/tcp"],
                    capture_output=True, text=True, check=True,
                ).stdout  # fmt: skip
                assert "0100007F:C9DF" in told
            assert threads_of_our_namespace()
        finally:
            process.kill()


def threads_of_our_namespace() -> bool:
    """Return True if every thread of this process is in the namespace of this thread."""
    return len({(thread / "ns" / "net").readlink() for thread in Path("/proc/self/task").iterdir()}) == 1


@needs_root
def test_a_port_in_use_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use") as caught:
        listening_inside(os.getpid(), taken.getsockname()[1])
    assert cannot_open(LoopbackListener(7, None), caught.value) == (  # type: ignore[arg-type]
        "port 7 of the container's loopback (for an instance role) requires root and a local engine: "
        "Address already in use"
    )


def test_a_missing_process_or_one_of_another_namespace_has_no_proxy() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    with pytest.raises(FileNotFoundError):
        listening_inside(process.pid, 7)
    with pytest.raises(OSError, match="the engine runs on another machine"):
        listening_inside(0, 7)
