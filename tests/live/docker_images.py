"""Images for tests, built on this machine without a registry.

`python_image` contains the interpreter that runs the tests with its standard library, the system libraries that they
need, the application of the contract tests, and that of the scenario `first-look`. Its name is derived from its
contents, so each engine builds it once.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from functools import cache
from pathlib import Path

import pytest

from tests.live.contract import PROGRAM

NAME = "apprunner-simulator-test"
INSIDE = "/app/contract_application.py"
FIRST_LOOK = Path(__file__).parent.parent.parent / "scenarios" / "apps" / "first_look.py"
# Parts of the standard library that servers do not need.
LEFT_OUT = {"test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "site-packages", "__pycache__"}


def engine_or_skip() -> None:
    """Skip the test if no engine answers, or fail it if CI_ENGINE_REQUIRED is set (as in CI)."""
    client = shutil.which("docker")
    if client is not None and subprocess.run([client, "version"], capture_output=True, check=False).returncode == 0:
        return
    if os.environ.get("CI_ENGINE_REQUIRED"):  # noqa: TID251 the tests' own door
        pytest.fail("no container engine answers, and CI_ENGINE_REQUIRED is set")
    pytest.skip("no container engine answers here")


@cache
def python_image(engine: str = "") -> str:
    """Return the image's name. An engine that does not have the image builds it, which takes some seconds.

    `engine`: its URL; empty for the default engine.
    """
    engine_or_skip()
    client = ["docker", *(["--host", engine] if engine else [])]
    digest = hashlib.sha256(
        f"{sys.version} {sys.base_prefix} 1".encode() + PROGRAM.read_bytes() + FIRST_LOOK.read_bytes()
    ).hexdigest()
    image = f"{NAME}:{digest[:12]}"
    if subprocess.run([*client, "image", "inspect", image], capture_output=True, check=False).returncode != 0:
        change = 'CMD ["/usr/bin/python", "-I", "-S", "' + INSIDE + '"]'
        command = [*client, "import", "--change", "WORKDIR /tmp", "--change", change, "-", image]
        subprocess.run(command, input=_tar(), check=True, capture_output=True)
    return image


@cache
def changed_image(*changes: str) -> str:
    """Return an image with further Dockerfile instructions, such as `VOLUME /data`, on top of `python_image`."""
    parent = python_image()
    image = f"{parent}-{hashlib.sha256(repr(changes).encode()).hexdigest()[:12]}"
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode != 0:
        _built(parent, image, changes)
    return image


def _built(parent: str, image: str, changes: tuple[str, ...], files: bytes = b"") -> None:
    """Build `image` from `parent` with instructions, and with the files of a tar archive."""
    made = subprocess.run(["docker", "create", parent], capture_output=True, text=True, check=True).stdout.strip()
    if files:
        subprocess.run(["docker", "cp", "-", f"{made}:/"], input=files, check=True, capture_output=True)
    told = [word for change in changes for word in ("--change", change)]
    subprocess.run(["docker", "commit", *told, made, image], check=True, capture_output=True)
    subprocess.run(["docker", "rm", made], check=True, capture_output=True)


@cache
def boto3_image() -> str:
    """Return `python_image` with boto3 of this environment under /packages, reduced to what reading a secret needs."""
    botocore = Path(importlib.import_module("botocore").__file__ or "").parent
    image = f"{python_image()}-boto3-{importlib.metadata.version('boto3')}"
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode != 0:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", dereference=True) as tar:
            for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3"):
                tar.add(botocore.parent / name, f"packages/{name}", filter=_wanted_of_botocore)
        _built(python_image(), image, ("ENV PYTHONPATH=/packages",), packed.getvalue())
    return image


def _wanted_of_botocore(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Keep the models of two services only: the models of all services are large."""
    parts = Path(info.name).parts
    of_a_service = parts[:3] == ("packages", "botocore", "data") and len(parts) > 3 and "." not in parts[3]
    return None if of_a_service and parts[3] not in {"secretsmanager", "sts"} else _plain(info)


def _tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", dereference=True) as tar:
        interpreter = Path(os.path.realpath(sys.executable))
        library = Path(sysconfig.get_path("stdlib"))
        programs = [interpreter, *library.rglob("lib-dynload/*.so")]
        for file in sorted({path for program in programs for path in _needs(program)}):
            tar.add(file, str(file), filter=_plain)
        tar.add(interpreter, str(interpreter), filter=_plain)
        tar.add(library, str(library), filter=_plain)
        _link(tar, "usr/bin/python", str(interpreter))
        tar.add(PROGRAM, INSIDE)
        tar.add(FIRST_LOOK, "/app/first_look.py")
        _folders(tar)
    return packed.getvalue()


def _folders(tar: tarfile.TarFile) -> None:
    for name in ("tmp", "proc", "sys", "dev", "etc"):
        folder = tarfile.TarInfo(name)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
        tar.addfile(folder)


def _needs(program: Path) -> list[Path]:
    """Return the shared libraries of a program, including the loader, by the names under which they are looked up."""
    told = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    return [Path(word) for line in told.splitlines() for word in line.split() if word.startswith("/")]


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Replace links by files, and set root as the owner."""
    if LEFT_OUT & set(Path(info.name).parts):
        return None
    info.uid = info.gid = 0
    return info


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, target
    tar.addfile(link)


@cache
def shell_image() -> str:
    """Return an image that contains only BusyBox, with a shell and httpd."""
    engine_or_skip()
    program = shutil.which("busybox")
    assert program is not None, "busybox-static has to be installed"
    content = Path(program).read_bytes()
    image = f"{NAME}:busybox-{hashlib.sha256(content).hexdigest()[:12]}"
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode != 0:
        applets = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(program, "bin/busybox", filter=_plain)
            for applet in applets:
                if applet != "busybox":
                    _link(tar, f"bin/{applet}", "busybox")
            _folders(tar)
        command = ["docker", "import", "--change", "ENV PATH=/bin", "--change", 'CMD ["/bin/sh"]', "-", image]
        subprocess.run(command, input=packed.getvalue(), check=True, capture_output=True)
    return image


@cache
def file_image(file: Path, inside: str) -> str:
    """Return `python_image` with one more file."""
    image = f"{python_image()}-{hashlib.sha256(inside.encode() + file.read_bytes()).hexdigest()[:12]}"
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode != 0:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", dereference=True) as tar:
            tar.add(file, inside.removeprefix("/"), filter=_plain)
        _built(python_image(), image, (f"LABEL file={inside}",), packed.getvalue())
    return image


@cache
def shell_image_with(name: str) -> str:
    """Return `shell_image` with an empty file in its root."""
    image = f"{shell_image()}-{name}"
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode != 0:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.addfile(tarfile.TarInfo(name))
        _built(shell_image(), image, (f"LABEL file={name}",), packed.getvalue())
    return image


@cache
def base_image() -> str:
    """Return a base image of the runtime PYTHON_311, as users name one.

    It has a shell, the usual tools, Python 3.11 and pip.
    """
    assert sys.version_info[:2] == (3, 11), "the runtime has Python 3.11"
    pip = Path(importlib.import_module("pip").__file__ or "").parent
    busybox = shutil.which("busybox")
    assert busybox is not None, "busybox-static has to be installed"
    image = f"{python_image()}-base-{importlib.metadata.version('pip')}"
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode != 0:
        interpreter = os.path.realpath(sys.executable)
        where = "import site; print(site.getsitepackages()[0])"
        command = [interpreter, "-I", "-c", where]
        packages = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().removeprefix("/")
        applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(busybox, "bin/busybox", filter=_plain)
            for applet in applets:
                if applet != "busybox":
                    _link(tar, f"bin/{applet}", "busybox")
            _link(tar, "usr/bin/python3", interpreter)
            tar.add(pip, f"{packages}/pip", filter=lambda info: None if "__pycache__" in info.name else info)
            for name, text in (
                ("usr/bin/pip3", '#!/bin/sh\nexec python3 -m pip "$@"\n'),
                ("usr/lib/python3.11/EXTERNALLY-MANAGED", "[externally-managed]\nError=as on Debian\n"),
                ("etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'),
            ):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(text), 0o755
                tar.addfile(entry, io.BytesIO(text.encode()))
        changes = ("ENV PATH=/usr/local/bin:/usr/bin:/bin", "ENTRYPOINT []", 'CMD ["/bin/sh"]', "USER 1000")
        _built(python_image(), image, changes, packed.getvalue())
    return image
