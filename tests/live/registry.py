"""A registry for tests: Debian's, on a free port of loopback, and images that are pushed to it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.docker_images import _built, shell_image
from tests.live.waiting import PATIENCE_S

# The credentials that moto's ECR returns for the account 123456789012, as an htpasswd file (bcrypt).
USER, PASSWORD = "AWS", "123456789012-auth-token"
_HTPASSWD = "AWS:$2b$04$r/bp7DTOtN4EJK85XUMsYuFX6u6RXuTAgLBKH6WnLLO3.8DwmgeI6\n"

_LOOK_S = 0.02
_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


@dataclass
class Registry:
    """A running registry. A pushed image is removed from the engine, so a deployment has to pull it."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def push(self, name: str, text: str) -> None:
        """Push an image as `name` with its tag. Its server responds with `text`."""
        image = f"127.0.0.1:{self.port}/{name}"
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            info = tarfile.TarInfo("www/index.html")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
        command = 'CMD ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"]'
        _built(shell_image(), image, (command,), packed.getvalue())
        self._docker("push", "--quiet", image)
        self._docker("rmi", image)

    def push_list(self, name: str, **tags: str) -> None:
        """Push a list of manifests, with the image of a pushed tag for each architecture."""
        repository, _, tag = name.partition(":")
        manifests = []
        for architecture, of in tags.items():
            with urllib.request.urlopen(self._manifest(repository, of)) as answer:
                body = answer.read()
            platform = {"os": "linux", "architecture": architecture}
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
            manifests.append({"mediaType": _IMAGE, "digest": digest, "size": len(body), "platform": platform})
        content = json.dumps({"schemaVersion": 2, "mediaType": _LIST, "manifests": manifests}).encode()
        request = self._manifest(repository, tag)
        request.method, request.data = "PUT", content
        request.add_header("Content-Type", _LIST)
        urllib.request.urlopen(request).close()

    def _manifest(self, repository: str, tag: str) -> urllib.request.Request:
        return urllib.request.Request(f"{self.url}/v2/{repository}/manifests/{tag}", headers={"Accept": _IMAGE})

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def forget_pulled(self) -> None:
        """Remove the images from the engine that were pulled from this registry."""
        shown = ["docker", "images", "--digests", "--format", "{{.Repository}}@{{.Digest}}"]
        names = subprocess.run(shown, check=True, capture_output=True, text=True).stdout.split()
        own = [name for name in names if name.startswith(f"127.0.0.1:{self.port}/")]
        if own:
            subprocess.run(["docker", "rmi", *own], check=True, capture_output=True)

    def _docker(self, *words: str) -> None:
        """Run the engine's client, with the password of this registry."""
        subprocess.run(["docker", "--config", str(self.folder), *words], check=True, capture_output=True)


@contextlib.contextmanager
def registry(folder: Path, *, password: bool = False) -> Iterator[Registry]:
    """Run a registry in `folder`. `password`: it requires USER and PASSWORD."""
    program = _program()
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    lines = ["version: 0.1", "log: {level: error}", f"storage: {{filesystem: {{rootdirectory: {folder / 'blobs'}}}}}"]
    lines.append(f"http: {{addr: '127.0.0.1:{port}'}}")
    if password:
        (folder / "htpasswd").write_text(_HTPASSWD, encoding="utf-8")
        lines.append(f"auth: {{htpasswd: {{realm: test, path: {folder / 'htpasswd'}}}}}")
    (folder / "registry.yml").write_text("\n".join(lines), encoding="utf-8")
    process = subprocess.Popen(
        [program, "serve", str(folder / "registry.yml")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    given = Registry(port, folder, process)
    try:
        _until_it_answers(process, given.url)
        if password:
            words = ["docker", "--config", str(folder), "login", "-u", USER, "--password-stdin", given.url]
            subprocess.run(words, input=PASSWORD.encode(), check=True, capture_output=True)
        yield given
    finally:
        given.stop()
        given.forget_pulled()


def _program() -> str:
    found = shutil.which("docker-registry")
    if found is None and os.environ.get("CI_ENGINE_REQUIRED"):  # noqa: TID251 the tests' own door
        pytest.fail("docker-registry is not installed, and CI_ENGINE_REQUIRED is set")
    return found or pytest.skip("there is no docker-registry: apt-get install docker-registry")


def _until_it_answers(process: subprocess.Popen[bytes], url: str) -> None:
    wait = threading.Event().wait
    for _ in range(round(PATIENCE_S / _LOOK_S)):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/v2/"):
                return
        except urllib.error.HTTPError:  # it requires the password
            return
        except OSError:
            wait(_LOOK_S)
    pytest.fail("the registry does not answer")
