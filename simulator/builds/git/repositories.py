"""Git repositories, as bare clones from any URL or path that git accepts; commits are checked out of the clones.

The settings can map an https URL of GitHub or Bitbucket to a local clone, so that a template written for AWS runs
unchanged. Before any file of a commit is written, the commit is checked for symbolic links that lead out of the tree,
files and trees above the limits, and an invalid source directory.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from simulator.builds.artifact import BuildFailed, SourceDescription
from simulator.builds.toolchain import SYSTEM_PATH
from simulator.world.child_processes import ended_with
from simulator.world.private_files import write_private

_LINK: Final = "120000"
_SUBMODULE: Final = "160000"
_GIT_S_MAX: Final = 600.0  # seconds, for a first clone
# Allowed transports. Others of git (`fd`, `ext`, helper programs) are rejected.
_TRANSPORTS: Final = "file:git:http:https:ssh"
_FETCH_QUIETLY: Final = ("--quiet", "--no-tags", "--no-write-fetch-head", "--force")
_SHOWN_MAX: Final = 200
_NO_BRANCH: Final = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|^[-+]"
)  # git-check-ref-format, and the characters with a special meaning in the refspecs used here
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")


# Generated folders, which are not source. The folder's own .gitignore excludes others.
_NEVER_SOURCE: Final = "/.git\nnode_modules/\n.venv/\nvenv/\n__pycache__/\n"
_NOBODY: Final = MappingProxyType(
    {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "simulator"), ("EMAIL", "simulator@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
    }
)


@dataclass(frozen=True, slots=True)
class RepositorySettings:
    """Settings of the repositories.

    `clones`: maps a repository's URL, or a prefix of URLs such as an owner's, to a local path or another URL.
    `environment`: variables for git, to access servers and to allow other transports (GIT_ALLOW_PROTOCOL).
    `file_bytes_max`, `tree_bytes_max`: limits of a commit.
    """

    clones: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    # ASSUMPTION: App Runner's own limits are unknown. An instance has 3 GB of storage in total (facts 5.2), so more
    # source than that can never run. Deploying a repository of 4 GB would settle it.
    file_bytes_max: int = 3 * 1024**3
    tree_bytes_max: int = 3 * 1024**3


class Repositories:
    """The bare clones in `folder`."""

    def __init__(self, folder: Path, settings: RepositorySettings) -> None:
        self._folder = folder
        self._settings = settings
        self._fetching: dict[Path, asyncio.Lock] = {}

    def place(self, repository: str) -> str:
        """Return the path or URL to pass to git. The longest matching key of the settings wins."""
        plain = repository.removesuffix("/").removesuffix(".git")
        for key in sorted(self._settings.clones, key=len, reverse=True):
            known = key.removesuffix("/").removesuffix(".git")
            if plain == known:
                return self._settings.clones[key]
            if plain.startswith(known + "/"):
                return f"{self._settings.clones[key].rstrip('/')}/{plain[len(known) + 1 :]}"
        return repository

    async def fetch(self, source: SourceDescription) -> tuple[Path, str]:
        """Update the bare clone. Return it and the branch's newest commit. Raises BuildFailed."""
        place, branch = self.place(source.repository), source.branch
        if place.startswith("-") or not _is_argument(place):
            raise BuildFailed(f"repository = {_shown(place)}, must be a URL or path of a git repository.")
        if not branch:
            return await self._snapshot(_absolute(place))
        if _NO_BRANCH.search(branch) or not _is_argument(branch):
            raise BuildFailed(f"branch = {_shown(branch)}, must be the name of a branch.")
        clone = self._clone_of(place)
        async with self._fetching.setdefault(clone, asyncio.Lock()):
            await self._make(clone)
            reference = f"refs/heads/{branch}"
            code, output = await self._run(
                "--git-dir", str(clone), "fetch", *_FETCH_QUIETLY, place, f"{reference}:{reference}"
            )
            if code != 0:
                raise BuildFailed(_not_fetched(source, place, output))
            return clone, (await self._git("--git-dir", str(clone), "rev-parse", "--verify", reference)).strip()

    async def _snapshot(self, folder: Path) -> tuple[Path, str]:
        """Save the current files of the folder, without those in its .gitignore, as a commit of a separate clone.

        The repository of the folder itself gets no commit. Equal files give an equal commit.
        """
        clone = self._clone_of(f"folder {folder}")
        async with self._fetching.setdefault(clone, asyncio.Lock()):
            await self._make(clone)
            at = ("--git-dir", str(clone), "--work-tree", str(folder))
            await self._judge_folder(folder, at)
            await self._git(*at, "add", "--all", ".", at=folder)
            tree = (await self._git(*at, "write-tree")).strip()
            return clone, (await self._git(*at, "commit-tree", "-m", "as it is", tree, more=_NOBODY)).strip()

    async def _judge_folder(self, folder: Path, at: tuple[str, ...]) -> None:
        """Check the limits, before git reads files that are too large."""
        listing = await self._git(*at, "ls-files", "--cached", "--others", "--exclude-standard", "-z", at=folder)
        most = self._settings.file_bytes_max
        large = await asyncio.get_running_loop().run_in_executor(None, _larger, folder, listing.split("\0"), most)
        if large is not None:
            raise BuildFailed(f"{large[0]} = {large[1]} bytes, must be at most {most}; or name it in .gitignore.")

    def _clone_of(self, place: str) -> Path:
        return self._folder / f"{hashlib.sha256(os.fsencode(place)).hexdigest()[:32]}.git"

    async def _make(self, clone: Path) -> None:
        if not (clone / "HEAD").exists():
            await self._git("init", "--quiet", "--bare", str(clone))
            (clone / "info").mkdir(exist_ok=True, mode=0o700)
            write_private(clone / "info" / "exclude", _NEVER_SOURCE.encode())

    async def tree(self, clone: Path, commit: str, directory: str = "") -> str:
        """Return the id of the commit's tree at `directory`. Raises BuildFailed if there is none."""
        if not _COMMIT.fullmatch(commit):
            raise BuildFailed(f"commit = {commit}, must be a commit hash.")
        code, output = await self._run(
            "--git-dir", str(clone), "rev-parse", "--verify", "--quiet", f"{commit}:{directory}"
        )
        identity = output.strip()
        if code != 0 or (await self._git("--git-dir", str(clone), "cat-file", "-t", identity)).strip() != "tree":
            raise BuildFailed(f"SourceDirectory = /{directory}, must be a directory of the repository.")
        return identity

    async def read(self, clone: Path, commit: str, path: str, bytes_max: int) -> str | None:
        """Return the text of a file of the commit; None if there is no such file. Raises BuildFailed."""
        code, size = await self._run("--git-dir", str(clone), "cat-file", "-s", f"{commit}:{path}")
        if code != 0:
            return None
        if int(size) > bytes_max:
            raise BuildFailed(f"{path} = {int(size)} bytes, must be at most {bytes_max}.")
        return await self._git("--git-dir", str(clone), "cat-file", "blob", f"{commit}:{path}")

    async def has(self, clone: Path, commit: str, path: str) -> bool:
        """Return True if the commit has a file or folder at `path`."""
        code, _ = await self._run("--git-dir", str(clone), "cat-file", "-e", f"{commit}:{path}")
        return code == 0

    async def lay_out(self, clone: Path, commit: str, folder: Path) -> list[str]:
        """Check out the commit into `folder`, which is empty. Return notes for the user. Raises BuildFailed."""
        notes = await self._judge(clone, commit)
        await self._git(
            "--git-dir", str(clone), "--work-tree", str(folder), "checkout", "--quiet", "--force", commit, "--", ".",
            more={"GIT_INDEX_FILE": str(folder.parent / "index")},
        )  # fmt: skip
        return notes

    async def _judge(self, clone: Path, commit: str) -> list[str]:
        listing = await self._git("--git-dir", str(clone), "ls-tree", "-r", "-l", "-z", "--full-tree", commit)
        total, notes = 0, []
        for entry in filter(None, listing.split("\0")):
            about, _, path = entry.partition("\t")
            mode, _, identity, size = about.split()
            if mode == _SUBMODULE:
                # ASSUMPTION: submodules are not fetched; a build log of a repository with one would settle it.
                notes.append(f"{path} is a submodule and stays empty.")
                continue
            size_bytes = int(size)
            total += size_bytes
            if size_bytes > self._settings.file_bytes_max:
                raise BuildFailed(f"{path} = {size_bytes} bytes, must be at most {self._settings.file_bytes_max}.")
            if mode == _LINK:
                target = await self._git("--git-dir", str(clone), "cat-file", "blob", identity)
                if leads_out(path, target):
                    raise BuildFailed(f"{path} = a link to {target[:200]}, must stay in the repository.")
        if total > self._settings.tree_bytes_max:
            raise BuildFailed(f"repository = {total} bytes, must be at most {self._settings.tree_bytes_max}.")
        return notes

    async def _git(
        self, *arguments: str, more: Mapping[str, str] = MappingProxyType({}), at: Path | None = None
    ) -> str:
        code, output = await self._run(*arguments, more=more, at=at)
        if code != 0:
            raise BuildFailed(f"git failed: {_last(output)}.")
        return output

    async def _run(
        self, *arguments: str, more: Mapping[str, str] = MappingProxyType({}), at: Path | None = None
    ) -> tuple[int, str]:
        """Run git. Return the exit code, and the standard output or, after a failure, the standard error."""
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                # Hooks and file system monitors of an untrusted repository must not run.
                *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "safe.directory=*"),
                *("-c", "core.sharedRepository=0600", "-c", "gc.auto=0"),
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={
                    "PATH": SYSTEM_PATH,
                    "LANG": "C.UTF-8",
                    "GIT_TERMINAL_PROMPT": "0",
                    "GIT_CONFIG_NOSYSTEM": "1",
                    "GIT_LFS_SKIP_SMUDGE": "1",
                    "GIT_ALLOW_PROTOCOL": _TRANSPORTS,
                    **self._settings.environment,
                    **more,
                },
                cwd=at,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise BuildFailed("git is not on this machine: looked for git in PATH; install it.") from error
        except ValueError as error:  # a NUL character, or a name that no file system accepts
            raise BuildFailed(f"git failed: {error}.") from error
        try:
            async with ended_with(process), asyncio.timeout(_GIT_S_MAX):
                output, errors = await process.communicate()
        except TimeoutError as error:
            raise BuildFailed(f"git took more than {_GIT_S_MAX:g} s.") from error
        code = process.returncode or 0
        return code, (output if code == 0 else errors).decode(errors="surrogateescape")


def _is_argument(text: str) -> bool:
    """Return True if the text can be passed to a program and shown on one line."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:  # a lone surrogate, which has no encoding
        return False
    return _CONTROL.search(text) is None


def _shown(text: str) -> str:
    return repr(text[:_SHOWN_MAX])


def _absolute(place: str) -> Path:
    """Return an absolute path, because git runs in another folder than the one to which a relative path refers."""
    return Path(place).absolute()


def _larger(folder: Path, names: list[str], most: int) -> tuple[str, int] | None:
    """Return the first file longer than `most` bytes, holes included. Blocks; call it in a thread."""
    for name in filter(None, names):
        try:
            size = (folder / name).lstat().st_size
        except OSError:  # removed after the listing
            continue
        if size > most:
            return name, size
    return None


def directory_of(source_directory: str) -> str:
    """Return `a/b` for `/a/b/`, and an empty text for the root.

    Raises:
        BuildFailed: if the path is not absolute, or contains `..` (facts 6.1).
    """
    path = PurePosixPath(source_directory)
    if not path.is_absolute() or ".." in path.parts or "\0" in source_directory:
        raise BuildFailed(f"SourceDirectory = {source_directory}, must be absolute and without `..`, such as /service.")
    return posixpath.normpath(source_directory).lstrip("/").removeprefix(".")


def leads_out(path: str, target: str) -> bool:
    """Return True if a symbolic link at `path` of a tree leads out of the tree.

    A link to /app or below does not, because the tree will be there.
    """
    if target.startswith("/"):
        resolved = posixpath.normpath(target)
        return not (resolved == "/app" or resolved.startswith("/app/"))
    resolved = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return resolved == ".." or resolved.startswith("../")


def _not_fetched(source: SourceDescription, place: str, output: str) -> str:
    if "couldn't find remote ref" in output:
        return f"branch = {source.branch}, must be a branch of {source.repository}."
    stands = "" if place == source.repository else f" (which stands for {source.repository})"
    return f"{place}{stands} could not be fetched: {_last(output)}."


def _last(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith("fatal:")]
    return (fatal or lines or ["it said nothing"])[0].removeprefix("fatal: ").rstrip(".")
