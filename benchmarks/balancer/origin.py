"""The application behind all proxies: nginx, whose CPU time for a small request is a fifth of that of any proxy here.

`/` has a small body, `/large` a body of 1 MB. Plain HTTP with keep-alive without a limit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.balancer.peers import nginx_program
from benchmarks.balancer.pinned import Pinned
from benchmarks.balancer.places import ADDRESS, OTHER_CORE

LARGE_BYTES: Final = 1_000_000
SMALL: Final = "/"
LARGE: Final = "/large"


def run_origin(port: int, folder: Path) -> Pinned:
    """Start the origin and return when it listens.

    Raises:
        RuntimeError: if nginx is not installed or does not start.
    """
    program = nginx_program()
    if program is None:
        raise RuntimeError("the origin needs nginx: apt-get install nginx-light")
    (folder / "large").write_bytes(bytes(LARGE_BYTES))
    file = folder / "origin.conf"
    file.write_text(
        f"""
daemon off;
master_process off;
pid {folder}/origin.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 3600s;
  keepalive_requests 1000000000;
  open_file_cache max=10;
  server {{
    listen {ADDRESS}:{port} backlog=1024;
    default_type text/plain;
    root {folder};
    location = {SMALL} {{ return 200 "Hello, world!\\n"; }}
  }}
}}
""",
        encoding="utf-8",
    )
    process = Pinned((program, "-p", folder, "-c", file, "-e", "stderr"), OTHER_CORE, folder / "origin.log")
    try:
        process.until_it_listens(port)
    except BaseException:
        process.stop()
        raise
    return process
