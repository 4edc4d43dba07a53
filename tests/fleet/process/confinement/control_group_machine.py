"""A machine with control groups of version 1 or 2, as plain files."""

from __future__ import annotations

from pathlib import Path

V1 = ("cpu", "cpuacct", "memory", "freezer")


class Machine:
    """The /proc of a machine with the given mounts, (type, root, mount point, options), and groups of `self`."""

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
        """Create a group with files; `__` in a file's name stands for a dot."""
        directory = self.groups / path
        directory.mkdir(parents=True)
        (directory / "cgroup.procs").write_text("")
        for name, text in files.items():
            (directory / name.replace("__", ".")).write_text(text)
        return directory


def version_1(machine: Machine) -> None:
    machine.mount("cgroup", "cpu,cpuacct", "rw,cpu,cpuacct")
    machine.mount("cgroup", "memory", "rw,memory")
    machine.mount("cgroup", "freezer", "rw,freezer", root="/jail")
    machine.mount("cgroup2", "unified", "rw")
    machine.belongs("self", "4:freezer:/jail", "3:memory:/mine", "2:cpu,cpuacct:/", "0::/")
    for path in ("cpu,cpuacct", "memory/mine", "freezer", "unified"):
        machine.group(path)


def version_2(machine: Machine, **handed_down: str) -> None:
    """Create a user's session: the parent groups, by their last name, delegate the given controllers."""
    machine.mount("cgroup2", "", "rw,nsdelegate")
    machine.belongs("self", "0::/user/app/terminal")
    for path in ("", "user", "user/app", "user/app/terminal"):
        name = path.rpartition("/")[2] or "top"
        machine.group(path, cgroup__subtree_control=handed_down.get(name, ""))
        # In a group that has processes, the kernel rejects this write; here the file is a directory.
        if name == "terminal":
            (machine.groups / path / "cgroup.subtree_control").unlink()
            (machine.groups / path / "cgroup.subtree_control").mkdir()
