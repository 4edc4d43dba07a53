"""PostgreSQL and Redis of the system's packages, on free ports of 127.0.0.1, with passwords."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from simulator.fleet.network.packet_filter import why_no_filter

USER: Final = "orders"
_START_S_MAX: Final = 60.0


@dataclass(frozen=True)
class Database:
    port: int
    password: str


def required(reason: str) -> None:
    """Skip the test because something is missing, or fail it if CI_ENGINE_REQUIRED is set (as in CI)."""
    if os.environ.get("CI_ENGINE_REQUIRED"):  # noqa: TID251 the tests' own door
        pytest.fail(reason)
    pytest.skip(reason)


def filter_or_skip() -> None:
    if why := why_no_filter():
        required(f"packets cannot be filtered: {why}")


def _postgres(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not found:
        required("PostgreSQL is not installed: apt-get install postgresql")
    return str(found[-1])


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _until_listening(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_S_MAX  # noqa: TID251 the databases are other processes
    while time.monotonic() < end and running.poll() is None:  # noqa: TID251
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)  # noqa: TID251 nothing announces it
    pytest.fail(f"nothing listens on port {port}: {log.read_text(errors='replace')[-2000:]}")


@contextmanager
def postgresql(password: str) -> Iterator[Database]:
    """Run a PostgreSQL server with the database `orders` and its table, for a user with the password."""
    as_user: dict[str, object] = {}
    folder = Path(tempfile.mkdtemp(prefix="orders-db-"))
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        account = pwd.getpwnam("postgres")
        as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        os.chown(folder, account.pw_uid, account.pw_gid)
    secret, data, log, port = folder / "password", folder / "data", folder / "log", _free_port()
    secret.write_text(password + "\n")
    secret.chmod(0o644)
    words = [_postgres("initdb"), "-D", str(data), "-U", USER, "-A", "scram-sha-256", "--pwfile", str(secret), "-N"]
    try:
        subprocess.run(words, check=True, capture_output=True, cwd=folder, **as_user)  # type: ignore[call-overload]
        options = ["-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
        with log.open("wb") as output:
            command = [_postgres("postgres"), "-D", str(data), *options, "-c", "fsync=off"]
            running = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, **as_user)  # type: ignore[call-overload]
        try:
            _until_listening(port, running, log)
            psql = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", USER, "-q", "-v", "ON_ERROR_STOP=1"]
            for database, statement in (
                ("postgres", "CREATE DATABASE orders"),
                ("orders", "CREATE TABLE orders (id serial PRIMARY KEY)"),
            ):
                environment = {"PGPASSWORD": password, "PATH": "/usr/bin:/bin"}
                command = [*psql, "-d", database, "-c", statement]
                subprocess.run(command, env=environment, check=True, capture_output=True)
            yield Database(port, password)
        finally:
            running.terminate()
            running.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis(password: str) -> Iterator[Database]:
    program = shutil.which("redis-server")
    if program is None:
        required("Redis is not installed: apt-get install redis-server")
    folder, port = Path(tempfile.mkdtemp(prefix="orders-cache-")), _free_port()
    log = folder / "log"
    words = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--requirepass", password, "--save", ""]
    try:
        with log.open("wb") as output:
            running = subprocess.Popen([*words, "--dir", str(folder)], stdout=output, stderr=output)
        try:
            _until_listening(port, running, log)
            yield Database(port, password)
        finally:
            running.terminate()
            running.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
