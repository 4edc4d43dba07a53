"""Memory of idle TLS connections: the growth of a proxy's resident set per connection."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.balancer.pinned import Pinned
from benchmarks.balancer.places import OTHER_CORE, Places


def bytes_each(proxy: Pinned, places: Places, count: int, root: Path) -> float:
    """Return the bytes per connection. `proxy` must be newly started: memory of its allocator would hide the growth.

    Raises:
        RuntimeError: if the connections cannot all be opened, or do not all remain open.
    """
    before = proxy.resident_bytes()
    command = (sys.executable, "-m", "benchmarks.balancer.idle_client", str(places.tls_port), str(count), root)
    log = places.folder / "idle.log"
    with Pinned(command, OTHER_CORE, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        assert client.process.stdin is not None
        assert client.process.stdout is not None
        said = client.process.stdout.readline()
        grown = proxy.resident_bytes() - before
        client.process.stdin.close()
        kept = client.process.stdout.readline()
        if said.strip() != b"open" or kept.strip() != str(count).encode():
            why = log.read_text(encoding="utf-8", errors="replace")[-1000:]
            msg = f"idle = {count}, must be what the proxy keeps: it kept {kept.decode().strip() or 'none'}\n{why}"
            raise RuntimeError(msg)
    return grown / count
