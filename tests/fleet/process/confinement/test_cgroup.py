"""Both versions of control groups on plain files; the kernel's own are in tests/live/test_process_limits.py."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from simulator.fleet.process.confinement.cgroup import GroupV1, GroupV2, NoGroupsError, find_home, group_of

V1 = ("cpu", "cpuacct", "memory", "freezer")


class Machine:
    """/proc of a machine with the given mounts, (type, root, mount point, options), and groups of process `self`."""

    def __init__(self, folder: Path) -> None:
        self.proc = folder / "proc"
        self.groups = folder / "cgroup"
        (self.proc / "self").mkdir(parents=True)
        self._mounts: list[str] = ["22 1 8:1 / / rw - ext4 /dev/root rw"]

    def mount(self, kind: str, name: str, options: str, root: str = "/") -> None:
        self._mounts.append(f"31 23 0:30 {root} {self.groups / name} rw,relatime shared:9 - {kind} cgroup {options}")
        (self.proc / "self" / "mountinfo").write_text("\n".join(self._mounts) + "\n")

    def belongs(self, process: str, *lines: str) -> None:
        (self.proc / process).mkdir(exist_ok=True)
        (self.proc / process / "cgroup").write_text("\n".join(lines) + "\n")

    def group(self, path: str, **files: str) -> Path:
        """A group with files; `__` in a name stands for a dot."""
        directory = self.groups / path
        directory.mkdir(parents=True)
        (directory / "cgroup.procs").write_text("")
        for name, text in files.items():
            (directory / name.replace("__", ".")).write_text(text)
        return directory


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def version_1(machine: Machine) -> None:
    machine.mount("cgroup", "cpu,cpuacct", "rw,cpu,cpuacct")
    machine.mount("cgroup", "memory", "rw,memory")
    machine.mount("cgroup", "freezer", "rw,freezer", root="/jail")
    machine.mount("cgroup2", "unified", "rw")
    machine.belongs("self", "4:freezer:/jail", "3:memory:/mine", "2:cpu,cpuacct:/", "0::/")
    for path in ("cpu,cpuacct", "memory/mine", "freezer", "unified"):
        machine.group(path)


def test_version_1_has_its_home_in_its_own_group_of_each_hierarchy(machine: Machine) -> None:
    version_1(machine)
    home = find_home(machine.proc)
    assert home.version == 1
    # What is mounted of the freezer is a part of its tree: its own group is at the mount point.
    assert home.roots() == tuple(machine.groups / path for path in ("cpu,cpuacct", "memory/mine", "freezer"))
    group = home.group("apprunner-1")
    group.make()
    assert all(directory.is_dir() for directory in group.directories)
    assert group.directories == tuple(root / "apprunner-1" for root in home.roots())


def test_a_group_that_cannot_be_made_in_full_is_not_made_at_all(machine: Machine) -> None:
    version_1(machine)
    home = find_home(machine.proc)
    (machine.groups / "freezer" / "apprunner-1").mkdir()
    with pytest.raises(FileExistsError):
        home.group("apprunner-1").make()
    assert [root for root in home.roots() if (root / "apprunner-1").exists()] == [machine.groups / "freezer"]


def test_version_1_needs_all_of_its_controllers(machine: Machine) -> None:
    machine.mount("cgroup", "cpu", "rw,cpu")
    machine.belongs("self", "1:cpu:/")
    with pytest.raises(NoGroupsError, match="cpuacct, memory, freezer"):
        find_home(machine.proc)


def test_a_group_that_may_not_be_written_to_is_named(machine: Machine) -> None:
    version_1(machine)
    # Not by its mode, as everything is open to root: it is there in /proc only.
    shutil.rmtree(machine.groups / "memory" / "mine")
    with pytest.raises(NoGroupsError, match="memory/mine is not writable"):
        find_home(machine.proc)


def version_2(machine: Machine, **handed_down: str) -> None:
    """A user's session: the groups above the process's own, by their last name, hand down what is said."""
    machine.mount("cgroup2", "", "rw,nsdelegate")
    machine.belongs("self", "0::/user/app/terminal")
    for path in ("", "user", "user/app", "user/app/terminal"):
        name = path.rpartition("/")[2] or "top"
        machine.group(path, cgroup__subtree_control=handed_down.get(name, ""))
        # The kernel rejects this write for a group that has processes; here the file is a directory.
        if name == "terminal":
            (machine.groups / path / "cgroup.subtree_control").unlink()
            (machine.groups / path / "cgroup.subtree_control").mkdir()


def test_version_2_has_its_home_in_the_closest_group_that_hands_down(machine: Machine) -> None:
    version_2(machine, top="cpu memory pids", user="cpuset cpu io memory pids", app="memory pids")
    home = find_home(machine.proc)
    assert home.version == 2
    assert home.roots() == (machine.groups / "user",)


def test_version_2_without_such_a_group_gives_a_hint(machine: Machine) -> None:
    version_2(machine, top="memory")
    with pytest.raises(NoGroupsError, match=r"user/app/terminal nor a parent group.*Delegate=yes"):
        find_home(machine.proc)


def test_a_machine_without_control_groups_is_reported(machine: Machine) -> None:
    with pytest.raises(NoGroupsError, match="cannot be read"):
        find_home(machine.proc)
    (machine.proc / "self" / "mountinfo").write_text("22 1 8:1 / / rw - ext4 /dev/root rw\n")
    machine.belongs("self", "0::/")
    with pytest.raises(NoGroupsError, match=r"no control groups for cpu.* are accessible"):
        find_home(machine.proc)


def test_the_group_of_another_process_is_found_in_either_version(machine: Machine, tmp_path: Path) -> None:
    version_1(machine)
    lines = [f"{number}:{controller}:/docker/4711" for number, controller in enumerate(("cpu,cpuacct", "memory"), 1)]
    machine.belongs("815", *lines, "3:freezer:/jail/docker/4711")
    roots = [machine.groups / path for path in ("cpu,cpuacct", "memory", "freezer")]
    assert group_of(815, machine.proc).directories == tuple(root / "docker" / "4711" for root in roots)

    modern = Machine(tmp_path / "modern")
    modern.mount("cgroup2", "", "rw")
    modern.belongs("815", "0::/system.slice/docker-4711.scope")
    assert group_of(815, modern.proc).directories == (modern.groups / "system.slice" / "docker-4711.scope",)
    with pytest.raises(NoGroupsError, match="816"):
        group_of(816, modern.proc)


def test_version_1_writes_what_the_kernel_reads(machine: Machine) -> None:
    directory = machine.group(
        "one",
        cpu__cfs_quota_us="-1",
        cpuacct__usage="1500000000\n",
        memory__limit_in_bytes="",
        memory__memsw__limit_in_bytes="",
        memory__usage_in_bytes="5000",
        memory__stat="inactive_file 7\ntotal_inactive_file 1000\n",
        memory__oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        freezer__state="THAWED",
    )
    group = GroupV1(dict.fromkeys(V1, directory))
    group.join(42)
    group.limit_cpu(0.25)
    group.limit_memory(512)
    group.freeze()
    told = {file.name: file.read_text() for file in directory.iterdir()}
    assert told["cgroup.procs"] == "42"
    assert told["cpu.cfs_quota_us"] == "25000"
    assert told["memory.limit_in_bytes"] == told["memory.memsw.limit_in_bytes"] == "512"
    assert told["freezer.state"] == "FROZEN"
    group.thaw()
    assert (directory / "freezer.state").read_text() == "THAWED"
    assert (group.used_s(), group.memory_bytes(), group.oom_kills()) == (1.5, 4000, 2)


def test_version_2_writes_what_the_kernel_reads(machine: Machine) -> None:
    directory = machine.group(
        "one",
        cpu__max="max 100000",
        cpu__stat="usage_usec 1500000\nuser_usec 1000000\n",
        memory__max="max",
        memory__swap__max="max",
        memory__current="5000",
        memory__stat="anon 300\ninactive_file 1000\n",
        memory__events="low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\n",
        cgroup__freeze="0",
    )
    group = GroupV2(directory)
    group.join(42)
    group.limit_cpu(4)
    group.limit_memory(512)
    group.freeze()
    told = {file.name: file.read_text() for file in directory.iterdir()}
    assert told["cgroup.procs"] == "42"
    assert told["cpu.max"] == "400000 100000"
    assert (told["memory.max"], told["memory.swap.max"]) == ("512", "0")
    assert told["cgroup.freeze"] == "1"
    group.thaw()
    assert (directory / "cgroup.freeze").read_text() == "0"
    assert (group.used_s(), group.memory_bytes(), group.oom_kills()) == (1.5, 4000, 1)


def test_a_kernel_that_does_not_account_for_swap_limits_memory_alone(machine: Machine) -> None:
    directory = machine.group("one", memory__limit_in_bytes="", memory__max="")
    GroupV1(dict.fromkeys(V1, directory)).limit_memory(512)
    GroupV2(directory).limit_memory(512)
    assert (directory / "memory.limit_in_bytes").read_text() == (directory / "memory.max").read_text() == "512"


def test_a_file_that_the_kernel_does_not_have_is_an_error_and_is_not_made(machine: Machine) -> None:
    directory = machine.group("one")
    with pytest.raises(FileNotFoundError):
        GroupV2(directory).limit_cpu(1)
    assert [file.name for file in directory.iterdir()] == ["cgroup.procs"]


def test_no_quota_is_less_than_the_kernel_takes(machine: Machine) -> None:
    directory = machine.group("one", cpu__max="")
    GroupV2(directory).limit_cpu(0.001)
    assert (directory / "cpu.max").read_text() == "1000 100000"
