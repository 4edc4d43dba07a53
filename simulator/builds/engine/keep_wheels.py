"""Keeps what pip has downloaded as wheels, in a folder from which it installs without an index.

Two sources fill the folder: pip's cache of HTTP responses, which pip does not use without asking their index again, and
`pip wheel` with the arguments of the build's `pip install` commands, for indexes whose responses may not be cached.
This module runs in the containers of builds, with the image's own Python (3.7 or later) and nothing else.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

# Options of `pip install` that `pip wheel` has, with a value and without. The others do not change what is downloaded.
_VALUES = {"-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-f", "--find-links"}
_VALUES |= {"--trusted-host", "--no-binary", "--only-binary", "--timeout", "--retries"}
_FLAGS = {"--pre", "--no-deps", "--require-hashes", "--no-build-isolation", "--prefer-binary", "--no-index"}
_OTHER_VALUES = {
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--src",
    "--upgrade-strategy",
    "--report",
    "--cache-dir",
    "--log",
}
_OTHER_VALUES |= {
    "--progress-bar",
    "--root-user-action",
    "--exists-action",
    "--python",
    "--platform",
    "--implementation",
}
_FILES = {"-r", "--requirement", "-c", "--constraint"}
_CHUNK_BYTES = 1024 * 1024
_END_BYTES_MAX = 66_000  # end of an archive with the longest comment, and the data that follows it in a response
_END_RECORD = b"PK\x05\x06"
_END_RECORD_BYTES = 22


def keep(cache: Path, folder: Path) -> int:
    """Copy the wheels of `cache` that `folder` does not have. Return how many were copied."""
    folder.mkdir(parents=True, exist_ok=True)
    copied = 0
    for path in sorted(cache.rglob("*")):
        if path.is_file() and folder not in path.parents:
            try:
                copied += _keep(path, folder)
            except (OSError, ValueError, KeyError, NotImplementedError, zipfile.BadZipFile):
                continue  # not a wheel, or a truncated one
    return copied


def _keep(path: Path, folder: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        wheel = _name(archive)
        if not wheel or (folder / wheel).exists():
            return 0
        begin = min(entry.header_offset for entry in archive.infolist())
    left = _end(path) - begin
    part = folder / (wheel + ".part")
    with path.open("rb") as source, part.open("wb") as copy:
        source.seek(begin)
        while left > 0:
            data = source.read(min(left, _CHUNK_BYTES))
            if not data:
                break
            copy.write(data)
            left -= len(data)
    part.replace(folder / wheel)
    return 1


def _name(archive: zipfile.ZipFile) -> str:
    """Return the file name of a wheel from its metadata; empty for any other archive."""
    found = [entry for entry in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/WHEEL", entry)]
    if len(found) != 1:
        return ""
    name, _, version = found[0].split("/")[0][: -len(".dist-info")].partition("-")
    lines = archive.read(found[0]).decode("utf-8").splitlines()
    build = [line.partition(":")[2].strip() for line in lines if line.startswith("Build:")]
    tags = [tuple(line.partition(":")[2].strip().split("-")) for line in lines if line.startswith("Tag:")]
    if not tags or {len(tag) for tag in tags} != {3}:
        return ""
    joined = [".".join(dict.fromkeys(tag[place] for tag in tags)) for place in range(3)]
    parts = [name, version, *build[:1], *joined]
    return "-".join(parts) + ".whl" if all(re.fullmatch(r"\w[\w.+!]*", part) for part in parts) else ""


def _end(path: Path) -> int:
    """Return the offset at which the archive ends; the responses of pip before 23.3 continue after it."""
    size = path.stat().st_size
    begin = max(0, size - _END_BYTES_MAX)
    with path.open("rb") as file:
        file.seek(begin)
        tail = file.read()
    place = tail.rindex(_END_RECORD)
    return begin + place + _END_RECORD_BYTES + int.from_bytes(tail[place + 20 : place + 22], "little")


def fetch(commands: list[str], folder: Path) -> None:
    """Put the wheels of the `pip install` commands into `folder`, again only if a file that they name has changed."""
    for command in commands:
        for arguments in wheel_arguments(command):
            done = folder / (".done-" + _digest(arguments))
            if not done.exists():
                words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(folder)]
                words += ["--find-links", str(folder), *arguments]
                if subprocess.run(words, stdin=subprocess.DEVNULL, check=False).returncode == 0:  # noqa: S603 no shell
                    done.touch()


def wheel_arguments(command: str) -> Iterator[list[str]]:
    """Yield the arguments for `pip wheel` of each `pip install` in a shell command, as far as they are plain words."""
    lexer = shlex.shlex(command.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return
    part: list[str] = []
    for word in [*words, ";"]:
        if re.fullmatch(r"[;&|()<>]+", word):
            arguments = _of_install(part)
            if arguments:
                yield arguments
            part = []
        else:
            part.append(word)


def _of_install(words: list[str]) -> list[str]:
    """Return the arguments of a command; empty if it is not a `pip install`, or if a shell would expand its words."""
    place = next((place for place, word in enumerate(words) if re.fullmatch(r"(.*/)?pip[0-9.]*", word)), None)
    if place is None or "install" not in words[place:] or any(re.search(r"[$`*]", word) for word in words):
        return []
    arguments: list[str] = []
    names = 0
    rest = iter(words[words.index("install", place) + 1 :])
    for word in rest:
        option, equals, _ = word.partition("=")
        if option in _VALUES or (option.startswith("--") and option in _OTHER_VALUES) or word in _OTHER_VALUES:
            value = [] if equals else [next(rest, "")]
            if option in _VALUES:
                arguments += [word, *value]
                names += option in _FILES and option not in {"-c", "--constraint"}
        elif word in _FLAGS:
            arguments.append(word)
        elif not word.startswith("-"):  # includes the folder after `-e`
            arguments.append(word)
            names += 1
    return arguments if names else []


def _digest(arguments: list[str]) -> str:
    """Hash the arguments and the files that they name, with those that requirement files include."""
    content = "\0".join(arguments).encode()
    files = [Path(name) for word in arguments for name in (word, word.partition("=")[2]) if name]
    files += [Path(word) / name for word in arguments for name in ("pyproject.toml", "setup.py", "setup.cfg")]
    seen = set()
    while files:
        file = files.pop(0)
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        data = file.read_bytes()
        content += b"\0" + data
        included = re.findall(rb"^\s*(?:-r|-c|--requirement|--constraint)[ =]+(\S+)", data, re.MULTILINE)
        files += [file.parent / name.decode(errors="replace") for name in included]
    return hashlib.sha256(content).hexdigest()[:24]


if __name__ == "__main__":
    keep(Path(sys.argv[1]), Path(sys.argv[2]))
    fetch(sys.argv[3:], Path(sys.argv[2]))
