"""Logs that nginx and HAProxy wrote are imported with the requests that were sent."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulator.ingest.imported import import_files
from simulator.ingest.settings import ImportSettings
from tests.live.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("nginx") or not shutil.which("haproxy"), reason="no nginx or no haproxy"),
]

_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
                   '"$http_user_agent" $request_time';
  log_format object escape=json '{{"time_iso8601":"$time_iso8601","request_time":"$request_time","status":"$status",'
                   '"request_method":"$request_method","request_uri":"$request_uri",'
                   '"body_bytes_sent":"$body_bytes_sent"}}';
  access_log {folder}/combined.log combined;
  access_log {folder}/timed.log timed;
  access_log {folder}/object.log object;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location /missing {{ return 404; }} location / {{ return 200 "{body}"; }} }}
}}
"""
_HAPROXY = """
global
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:{port}
  default_backend out
backend out
  server one 127.0.0.1:{behind}
"""
BODY = "x" * 120
PATHS = ["/", "/users/17?token=secret", "/users/4711", "/missing", "/items/%C3%A9t%C3%A9"] * 8


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def running(command: list[str], port: int, output: Path) -> Iterator[None]:
    with output.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: _listens(port, process))
            yield
        finally:
            process.terminate()
            process.wait(30)


def _listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the server ended"
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _send(port: int) -> None:
    for path in PATHS:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()


def _is_whole(log: Path) -> bool:
    """Return whether a log has a line for each request: a server writes it after the client has the response."""
    return log.read_bytes().count(b"GET") == len(PATHS)


def _routes(file: Path) -> dict[str, float]:
    (service,) = import_files([file], ImportSettings()).services
    return {f"{route.method} {route.path}": route.requests for route in service.routes}


EXPECTED = {"GET /": 8, "GET /users/{id}": 16, "GET /missing": 8, "GET /items/{id}": 8}


def test_logs_of_real_servers_are_imported_with_every_request(tmp_path: Path) -> None:
    nginx_port, haproxy_port = free_port(), free_port()
    (tmp_path / "nginx.conf").write_text(_NGINX.format(folder=tmp_path, port=nginx_port, body=BODY))
    (tmp_path / "haproxy.cfg").write_text(_HAPROXY.format(port=haproxy_port, behind=nginx_port))
    nginx = ["nginx", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]
    haproxy = ["haproxy", "-f", str(tmp_path / "haproxy.cfg")]
    with (
        running(nginx, nginx_port, tmp_path / "nginx.out"),
        running(haproxy, haproxy_port, tmp_path / "haproxy.log"),
    ):
        _send(haproxy_port)
        logs = [tmp_path / f"{name}.log" for name in ("combined", "timed", "object", "haproxy")]
        wait_until(lambda: all(map(_is_whole, logs)))

    for name, form in (("combined", "common-log"), ("timed", "common-log"), ("object", "nginx-json")):
        result = import_files([tmp_path / f"{name}.log"], ImportSettings())
        assert [each.name for each in result.formats] == [form]
        assert _routes(tmp_path / f"{name}.log") == EXPECTED
        (service,) = result.services
        assert service.durations.are_known == (name != "combined")
        assert service.statuses[2] == 32
        assert service.statuses[4] == 8
    assert _routes(tmp_path / "haproxy.log") == EXPECTED
    (service,) = import_files([tmp_path / "haproxy.log"], ImportSettings()).services
    assert service.times_s is not None
    assert len(service.times_s) == len(PATHS)  # without the attempt to connect, which sent no request
