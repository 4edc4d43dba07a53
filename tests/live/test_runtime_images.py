"""Images of managed runtimes, built by the real engine from a base image of this machine, and a build in them."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.builds.artifact import BuildFailed
from simulator.builds.local import LocalBuilder
from simulator.builds.runtime_images.names import images_of
from simulator.builds.settings import BuildSettings
from simulator.cli import app
from tests.builds.places import GitPlace, config
from tests.live.docker_images import base_image, shell_image
from tests.live.test_image_builds import built, docker, forget_images

RUN = CliRunner()
PREFIX = f"apprunner-simulator-test-{os.getpid()}"


@pytest.fixture
def prefix() -> Iterator[str]:
    base_image()
    try:
        yield PREFIX
    finally:
        for name in names():
            docker("rmi", name)


def names() -> list[str]:
    """Return the images of these tests that the engine has."""
    return docker("images", "--format", "{{.Repository}}:{{.Tag}}", f"{PREFIX}*").splitlines()


def make(*words: str) -> tuple[int, str]:
    done = RUN.invoke(app, ["runtimes", "build", "--tag-prefix", PREFIX, *words])
    return done.exit_code, done.output


def inside(image: str, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "run", "--rm", "--network", "none", image, "/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
async def test_the_images_of_a_runtime_build_and_run_a_service(tmp_path: Path, prefix: str) -> None:
    base = base_image()
    code, output = await asyncio.to_thread(make, "python311", "--base", base)
    assert code == 0, output
    assert sorted(names()) == sorted([f"{prefix}-python311:latest", f"{prefix}-python311-build:latest"])
    listing = await asyncio.to_thread(RUN.invoke, app, ["runtimes", "list", "--tag-prefix", prefix])
    listed = listing.output.splitlines()
    row = next(line for line in listed if line.startswith("PYTHON_311"))
    version = inside(base, "python3 --version").stdout.split()[1]
    assert row.endswith(f"build {version}, run {version} (from {base})")

    image = f"{prefix}-python311:latest"
    facts = inside(image, "id -u; pwd; echo $HOME; ls /usr/lib/python3.11/EXTERNALLY-MANAGED; pip3 --version")
    assert facts.stdout.splitlines()[:3] == ["0", "/app", "/root"]
    assert facts.returncode == 0
    yum = inside(image, "yum install -y pycairo")
    assert yum.returncode == 1
    assert yum.stderr.startswith(
        "yum install -y pycairo: installs nothing here, because this image is based on Debian GNU/Linux 12 (bookworm);"
    )

    builder = LocalBuilder(BuildSettings(tmp_path / "builds", images=images_of(prefix)))
    try:
        place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config("python311", "python3 -V", pre_run="pip3 -V")})
        application, steps = await built(builder, place)
        assert f"[Build] Python {version}" in steps.lines
        assert any(line.startswith("[PreRun] pip ") for line in steps.lines)
        assert application.image
        place.commit({"apprunner.yaml": config("python311", "yum install pycairo -y")})
        with pytest.raises(BuildFailed, match=r"^\[Build\] `yum install pycairo -y` ended with exit code 1\.$"):
            await built(builder, place)
    finally:
        await builder.close()
        forget_images(tmp_path)


@pytest.mark.slow
def test_an_image_is_replaced_and_a_failure_keeps_it(prefix: str) -> None:
    assert make("PYTHON_311", "--base", base_image(), "--quiet")[0] == 0
    before = docker("images", "--no-trunc", "--quiet", f"{prefix}-python311")
    code, output = make("PYTHON_311", "--base", base_image(), "--skip-yum", "--quiet")
    assert (code, len(output.splitlines())) == (0, 2)
    after = docker("images", "--no-trunc", "--quiet", f"{prefix}-python311")
    assert before != after
    assert inside(f"{prefix}-python311:latest", "dnf install x").returncode == 0
    code, output = make("PYTHON_311", "NODEJS_22", "--base", shell_image())
    assert code == 3
    assert [line.partition(" and no ")[0] for line in output.splitlines() if line.startswith("error")] == [
        f"error: PYTHON_311: {shell_image()} has no Python 3.11, pip3,",
        f"error: NODEJS_22: {shell_image()} has no Node.js 22, npm,",
    ]
    assert docker("images", "--no-trunc", "--quiet", f"{prefix}-python311") == after
    assert len(names()) == 2
    assert docker("ps", "--all", "--quiet", "--filter", "name=examines-") == ""


@pytest.mark.slow
def test_the_output_of_a_step_that_fails_is_its_reason(prefix: str) -> None:
    """The base has a package manager that finds nothing."""
    folder = "printf '#!/bin/sh\\necho E: no package for $*\\nexit 100\\n' > /bin/apt-get && chmod 755 /bin/apt-get"
    base = f"{prefix}-broken:1"
    made = docker("create", shell_image(), "/bin/sh", "-c", folder)
    docker("start", "--attach", made)
    docker("commit", "--change", 'CMD ["/bin/sh"]', made, base)
    docker("rm", made)
    code, output = make("PYTHON_311", "--base", base, "--quiet")
    assert code == 3
    assert output == (
        f"error: PYTHON_311: {base} could not be made into an image of the runtime: E: no package for update -qq\n"
    )
    assert names() == [base]


@pytest.mark.slow
def test_dockerfiles_are_printed_and_nothing_is_built(prefix: str) -> None:
    code, output = make("PYTHON_311", "--base", base_image(), "--dockerfile")
    assert code == 0
    assert output.count(f"FROM {base_image()}\n") == 2
    assert names() == []
    assert prefix
