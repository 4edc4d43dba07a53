"""A block of lines between markers in a file that has other owners, such as /etc/hosts."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

BEGIN: Final = "# BEGIN apprunner-simulator"
END: Final = "# END apprunner-simulator"


class MalformedBlock(ValueError):
    """The markers in the file do not enclose exactly one block."""


class FileChanged(OSError):
    """Another program changed the file during the command."""


def with_block(text: str, lines: Sequence[str]) -> str:
    """Return the text with `lines` between the markers, in place of a former block or at the end.

    The rest of the text is unchanged. Without lines, the block is removed.

    Raises:
        MalformedBlock: if there is one marker without the other, or several blocks.
    """
    block = "".join(f"{line}\n" for line in (BEGIN, *lines, END)) if lines else ""
    kept = text.splitlines(keepends=True)
    begins = [number for number, line in enumerate(kept) if line.strip() == BEGIN]
    ends = [number for number, line in enumerate(kept) if line.strip() == END]
    if not begins and not ends:
        separated = text if not text or not block or text.endswith("\n") else f"{text}\n"
        return separated + block
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        numbers = ", ".join(str(number + 1) for number in sorted(begins + ends))
        raise MalformedBlock(f"must have one line {BEGIN!r} and one {END!r} after it; it has such in lines {numbers}")
    return "".join(kept[: begins[0]]) + block + "".join(kept[ends[0] + 1 :])


def write_hosts(path: Path, change: Callable[[str], str]) -> bool:
    """Replace the file's text atomically and keep its mode and owner. Return False if the text does not change.

    Raises:
        OSError: if the file cannot be read or replaced, or was changed by another program. It is then unchanged.
    """
    target = path.resolve()
    before = target.read_bytes() if target.exists() else b""
    # Bytes that are not UTF-8 are preserved.
    text = change(before.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if text == before:
        return False
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")
    try:
        with beside.open("xb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            found = target.stat()
            if (os.geteuid(), os.getegid()) != (found.st_uid, found.st_gid):
                os.chown(beside, found.st_uid, found.st_gid)
            beside.chmod(stat.S_IMODE(found.st_mode))
            if target.read_bytes() != before:
                raise FileChanged(None, "another program has just written it; try again")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return True
