"""Each method of isolating commands: as root, in a user namespace, and as an unprivileged user."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.builds.machine.sandbox import BuildRoot, Isolation
from simulator.builds.toolchain import SYSTEM_PATH
from simulator.fleet.process.confinement.isolation import Namespaces, Way, mount_plan_for

UNPRIVILEGED = "nobody"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that other users can access, because pytest's own folders belong to root only."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def run(command: tuple[str, ...], at: Path, as_user: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=at,
        env={"PATH": SYSTEM_PATH, **variables},
        user=as_user or None,
        group=pwd.getpwnam(as_user).pw_gid if as_user else None,
        extra_groups=[] if as_user else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def stage_of(folder: Path, owner: str = "") -> BuildRoot:
    stage = BuildRoot(folder / "stage")
    stage.make()
    (stage.app / "a").mkdir()
    if owner:
        about = pwd.getpwnam(owner)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, about.pw_uid, about.pw_gid)
    return stage


def in_stage(isolation: Isolation, stage: BuildRoot, command: str, user: str = "") -> tuple[int, str]:
    done = run(isolation.of_stage(stage, "a", ("/bin/sh", "-c", command)), stage.root, user)
    return done.returncode, done.stdout + done.stderr


def interpreter_for(user: str) -> str | None:
    """Return an interpreter that the user may execute: the running one can be in a home directory that is closed."""
    for interpreter in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            if run((interpreter, "-c", ""), Path("/"), user).returncode == 0:
                return interpreter
    return None


@pytest.fixture
def executable_by_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolate with an interpreter that the unprivileged user may execute."""
    interpreter = interpreter_for(UNPRIVILEGED if os.geteuid() == 0 else "")
    if interpreter is None:
        pytest.skip(f"no interpreter that {UNPRIVILEGED} may execute")
    monkeypatch.setattr(sys, "executable", interpreter)


def skip_without_user_namespaces(folder: Path, user: str = "") -> None:
    done = run(("unshare", "--user", "--map-root-user", "--mount", "test", "-x", str(folder)), folder, user)
    if done.returncode != 0:
        pytest.skip(f"no user namespaces, or no temporary folder for everybody: {done.stderr.strip()}")


@pytest.mark.usefixtures("executable_by_user")
@pytest.mark.parametrize("user", ["", UNPRIVILEGED], ids=["own user", "unprivileged"])
def test_a_user_namespace_mounts_app_and_keeps_files_written_elsewhere_in_the_stage(
    open_folder: Path, user: str
) -> None:
    if user and os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    skip_without_user_namespaces(open_folder, user)
    isolation, stage = Isolation(Way.USER), stage_of(open_folder, user)
    code, told = in_stage(isolation, stage, "pwd; id -u; echo x > here; mkdir /elsewhere; echo y > /elsewhere/y", user)
    assert (code, told) == (0, "/app/a\n0\n")
    assert (stage.app / "a" / "here").read_text() == "x\n"
    assert not Path("/elsewhere").exists()
    assert in_stage(isolation, stage, "cat /elsewhere/y here; exit 7", user) == (7, "y\nx\n")  # for the next command


@pytest.mark.usefixtures("executable_by_user")
@pytest.mark.parametrize("user", ["", UNPRIVILEGED], ids=["own user", "unprivileged"])
def test_an_instance_in_a_user_namespace_sees_the_stage_and_cannot_change_it(open_folder: Path, user: str) -> None:
    if user and os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    skip_without_user_namespaces(open_folder, user)
    instance = open_folder / "instance" / "app"
    (instance / "a").mkdir(parents=True)
    isolation, stage = Isolation(Way.USER), stage_of(open_folder, user)
    assert in_stage(isolation, stage, "echo kept > /kept", user)[0] == 0
    script = "cat /kept; echo $PORT $SECOND; pwd; echo z > z; echo changed > /kept; cat /kept"
    set_up, program = isolation.of_instance(stage, "a", "SECOND"), ("/bin/sh", "-c", script)
    mount_plan = mount_plan_for(instance.parent, program, {}, (), shown=set_up.shown)
    command = Namespaces(Way.USER).command(mount_plan, program, set_up.command, as_root=True)
    done = run(command, instance, user, PORT="4711")
    assert (done.returncode, done.stdout) == (0, "kept\n4711 4711\n/app/a\nchanged\n"), done.stderr
    assert (instance / "a" / "z").exists()
    assert not (stage.app / "a" / "z").exists()
    assert (stage.root / "layer" / "kept").read_text() == "kept\n"


def test_in_a_user_namespace_a_build_cannot_change_the_machine(open_folder: Path) -> None:
    skip_without_user_namespaces(open_folder)
    victim = open_folder / "victim"
    victim.write_text("whole", encoding="utf-8")
    stage = stage_of(open_folder)
    code, told = in_stage(
        Isolation(Way.USER), stage, f"echo broken > {victim}; rm -f /etc/hostname; mount -t proc p /mnt"
    )
    assert code != 0, told
    assert victim.read_text(encoding="utf-8") == "whole"
    assert Path("/etc/hostname").exists()


@pytest.mark.usefixtures("executable_by_user")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount something, and become somebody else")
def test_a_directory_with_mounts_in_it_can_be_read_only(open_folder: Path) -> None:
    skip_without_user_namespaces(open_folder, UNPRIVILEGED)
    stage = stage_of(open_folder, UNPRIVILEGED)
    script = "ls /var/tmp; touch /var/new || echo no; touch /var/tmp/mine || echo no; touch /usr/new; ls /usr/new"
    inner = Isolation(Way.USER).of_stage(stage, "", ("/bin/sh", "-c", script))
    about = pwd.getpwnam(UNPRIVILEGED)
    outer = (
        "mount -t tmpfs -o mode=777 apprunner /var/tmp; : > /var/tmp/theirs; "
        f'exec setpriv --reuid={about.pw_uid} --regid={about.pw_gid} --clear-groups -- "$@"'
    )
    command = ("unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-c", outer, "sh", *inner)
    done = run(command, stage.root)
    assert done.stdout == "theirs\nno\nno\n/usr/new\n", done.stderr
    assert not Path("/usr/new").exists()
