"""The contents of an image, derived from those of its base; tests/live checks that engines build it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from simulator.builds.runtime_images.contents import Contents
from simulator.builds.runtime_images.names import Role
from simulator.builds.runtime_images.recipe import (
    SHIM,
    Recipe,
    RecipeError,
    RecipeOptions,
    check_made,
    check_packages,
    labels_of,
    recipe_of,
    shim,
)
from simulator.builds.runtime_images.tools import LANGUAGES, tools_of
from simulator.builds.runtimes import RUNTIMES

PYTHON = RUNTIMES["PYTHON_311"]
DEBIAN = Contents("Debian GNU/Linux 12", frozenset({"apt-get"}))
AMAZON = Contents("Amazon Linux 2023", frozenset({"dnf", "yum"}))
COMPLETE = Contents("", frozenset({"pip3"}), {"python3": "3.11.9"})


def recipe(
    runtime: str = "PYTHON_311",
    role: Role = Role.RUN,
    contents: Contents = DEBIAN,
    options: RecipeOptions | None = None,
) -> Recipe:
    return recipe_of(RUNTIMES[runtime], role, "base:1", contents, options or RecipeOptions())


def installed(made: Recipe) -> set[str]:
    """Return the packages that a Dockerfile installs."""
    found = re.findall(r"(?:apt-get|dnf) install ((?:-\S+ )*)([^&|}]*)", made.dockerfile)
    return {name for _, names in found for name in names.replace(";", "").split()}


def test_a_base_that_has_everything_needs_no_package_and_no_network() -> None:
    made = recipe(contents=COMPLETE)
    assert installed(made) == set()
    assert made.dockerfile.startswith("FROM base:1\nUSER 0:0\nENV HOME=/root\n")
    assert "WORKDIR /app\n" in made.dockerfile
    assert made.notes == ("virtualenv is not in base:1, App Runner's image has it.",)


def test_what_is_missing_is_installed_with_the_bases_package_manager() -> None:
    assert {"python3.11", "python3-pip"} <= installed(recipe(contents=DEBIAN))
    assert {"python3.11", "python3.11-pip"} <= installed(recipe(contents=AMAZON))
    assert {"java-1.8.0-amazon-corretto-devel", "maven"} <= installed(recipe("CORRETTO_8", contents=AMAZON))
    assert {"openjdk-11-jdk-headless", "maven"} <= installed(recipe("CORRETTO_11"))
    partly = Contents("", frozenset({"apt-get", "pip3"}), {"python3": "3.11.9"})
    assert "python3.11" not in installed(recipe(contents=partly))


def test_run_images_of_revised_builds_have_no_compiler() -> None:
    assert "gcc" in installed(recipe(role=Role.BUILD))
    assert "gcc" not in installed(recipe(role=Role.RUN))
    assert "gcc" in installed(recipe("RUBY_31", Role.RUN))  # the build commands run there a second time


def test_a_tool_that_is_not_required_does_not_end_the_build() -> None:
    line = next(line for line in recipe("NODEJS_22").dockerfile.splitlines() if "yarn" in line)
    assert "{ apt-get install -qq -y --no-install-recommends yarn || echo" in line
    assert "apt-get install -qq -y --no-install-recommends nodejs npm && {" in line


def test_downloads_of_packages_are_kept_with_buildkit_and_removed_without() -> None:
    kept = recipe(options=RecipeOptions(with_buildkit=True)).dockerfile
    assert "RUN --mount=type=cache,target=/var/cache/apt" in kept
    assert "rm -rf /var/lib/apt/lists" not in kept
    plain = recipe().dockerfile
    assert "--mount" not in plain
    assert "rm -rf /var/lib/apt/lists/*" in plain
    assert "dnf clean all" in recipe(contents=AMAZON).dockerfile


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (Contents(), "base:1 has no Python 3.11, pip3, and no apt-get, dnf, microdnf or yum that could install it"),
        (
            Contents("", frozenset({"pip3"}), {"python3": "3.13.1"}),
            "base:1 has no Python 3.11 (it has Python 3.13.1), and no",
        ),
    ],
)
def test_a_base_with_neither_tools_nor_packages_is_rejected(contents: Contents, message: str) -> None:
    with pytest.raises(RecipeError, match=f"^{re.escape(message)}"):
        recipe(contents=contents)


def test_another_version_of_the_language_is_allowed_on_request() -> None:
    base = Contents("", frozenset({"pip3"}), {"python3": "3.13.1"})
    near = RecipeOptions(near_versions=True)
    assert installed(recipe(contents=base, options=near)) == set()
    assert "Python 3.13.1 is in place of Python 3.11: what works here may fail on App Runner." in check_made(
        PYTHON, Role.RUN, "base:1", base, near
    )
    with pytest.raises(
        RecipeError, match=r"have Python 3\.13\.1, PYTHON_311 needs Python 3\.11: name a base that has it"
    ):
        check_made(PYTHON, Role.RUN, "base:1", base, RecipeOptions())


def test_packages_of_another_version_are_installed_on_request_if_the_runtimes_do_not_exist() -> None:
    line = next(
        line
        for line in recipe("CORRETTO_11", options=RecipeOptions(near_versions=True)).dockerfile.splitlines()
        if "openjdk" in line
    )
    install = "apt-get install -qq -y --no-install-recommends"
    assert f"{{ {install} openjdk-11-jdk-headless maven || {install} default-jdk-headless maven; }}" in line
    assert "default-jdk" not in recipe("CORRETTO_11").dockerfile


def test_a_built_image_without_a_required_tool_is_rejected() -> None:
    with pytest.raises(RecipeError, match="have no pip3, which PYTHON_311 needs"):
        check_made(PYTHON, Role.RUN, "base:1", Contents("", frozenset(), {"python3": "3.11.2"}), RecipeOptions())
    with pytest.raises(RecipeError, match=r"have no Python; name a base that has Python 3\.11"):
        check_made(PYTHON, Role.RUN, "base:1", Contents(), RecipeOptions())
    assert check_made(PYTHON, Role.RUN, "base:1", COMPLETE, RecipeOptions()) == (
        "virtualenv is not in the image, App Runner's has it.",
    )


def test_further_packages_are_installed_and_need_a_package_manager() -> None:
    options = RecipeOptions(("libcairo2-dev",))
    assert "libcairo2-dev" in installed(recipe(options=options))
    with pytest.raises(RecipeError, match="has no libcairo2-dev"):
        recipe(contents=COMPLETE, options=options)


@pytest.mark.parametrize("name", ["", "a b", "-y", "a;b", "$(x)", "a\nb"])
def test_a_package_is_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="must be the name of a package"):
        check_packages(["curl", name])


def test_amazon_linux_keeps_its_yum_and_other_bases_get_one_that_explains() -> None:
    assert SHIM not in recipe(contents=AMAZON).dockerfile
    assert recipe(contents=AMAZON).files == {}
    assert f"COPY --chown=0:0 {SHIM} /usr/local/bin/yum" in recipe().dockerfile
    assert SHIM in recipe().files


@pytest.mark.parametrize(("skips", "code"), [(False, 1), (True, 0)])
def test_the_line_of_yum_names_the_call_and_the_way_out(tmp_path: Path, skips: bool, code: int) -> None:
    program = tmp_path / "yum"
    program.write_text(shim('Debian "12" $(touch x)', "apt-get", skips=skips), encoding="utf-8")
    done = subprocess.run(
        ["/bin/sh", str(program), "install", "pycairo", "-y"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == (
        "yum install pycairo -y: installs nothing here, because this image is based on Debian 12 (touch x); App "
        "Runner's is based on Amazon Linux. Install what the build needs with apt-get: "
        "simulator runtimes build --package NAME\n"
    )
    assert list(tmp_path.iterdir()) == [program]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("contents", [DEBIAN, AMAZON], ids=["apt-get", "dnf"])
def test_the_commands_of_every_recipe_are_valid_shell(runtime: str, role: Role, contents: Contents) -> None:
    made = recipe(runtime, role, contents)
    commands = [line.removeprefix("RUN ") for line in made.dockerfile.splitlines() if line.startswith("RUN ")]
    assert commands
    subprocess.run(["/bin/sh", "-n", "-c", "\n".join(commands)], check=True)
    assert not re.search(r"\{(line|jdk)", made.dockerfile)
    assert LANGUAGES[RUNTIMES[runtime].language].packages(contents.manager, RUNTIMES[runtime].line)[0] in installed(
        made
    )


def test_every_runtime_has_tools_without_repetition() -> None:
    for runtime in RUNTIMES.values():
        for role in Role:
            programs = [tool.program for tool in tools_of(runtime, role)]
            assert len(programs) == len(set(programs))


def test_labels_name_the_runtime_the_version_and_the_base() -> None:
    assert labels_of(PYTHON, "debian:12", COMPLETE) == (
        'LABEL apprunner-simulator.runtime="PYTHON_311" apprunner-simulator.version="3.11.9" '
        'apprunner-simulator.base="debian:12"'
    )


def test_java_is_found_at_correttos_path(tmp_path: Path) -> None:
    """The command creates a link to the path in the base. Tested with a folder of this machine instead of the root."""
    line = next(line for line in recipe("CORRETTO_11").dockerfile.splitlines() if "amazon-corretto" in line)
    program = tmp_path / "jdk" / "bin" / "javac"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    command = line.removeprefix("RUN ").replace("/usr/lib/jvm", str(tmp_path / "jvm"))
    path = f"{program.parent}:/usr/bin:/bin"
    subprocess.run(["/bin/sh", "-c", command], env={"PATH": path}, check=True)
    assert (tmp_path / "jvm" / "java-11-amazon-corretto").resolve() == tmp_path / "jdk"


def test_python3_and_pip3_become_those_of_the_runtime(tmp_path: Path) -> None:
    """As on Amazon Linux 2023, where python3 is 3.9 and python3.11 is installed too."""
    line = next(line for line in recipe().dockerfile.splitlines() if "pip3.11" in line)
    for name, output in (("python3", "3.9"), ("python3.11", "3.11"), ("pip3.11", "pip 24")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {output}\n", encoding="utf-8")
        program.chmod(0o755)
    local = tmp_path / "local"
    command = (
        line.removeprefix("RUN ")
        .replace("/usr/local/bin", str(local))
        .replace("/usr/lib/python3", str(tmp_path / "none"))
    )
    subprocess.run(["/bin/sh", "-c", command], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True)
    assert (local / "python3").resolve() == tmp_path / "python3.11"
    assert (local / "pip3").resolve() == tmp_path / "pip3.11"
