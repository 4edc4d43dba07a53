"""Calls a simulator that uses a state folder from another process: `serve`, or one of those that `up` started."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulator.api.admin import ADMIN_FILE, UP_FOLDER
from simulator.cli.exit_codes import bad_input
from simulator.model.text.problems import one_of

_TIMEOUT_S: Final = 10.0
_PID_MAX: Final = 2**22  # Linux's maximum


class RunningSimulator(NamedTuple):
    """A simulator in another process, as described by its file in the state folder."""

    name: str
    url: str
    token: str
    pid: int

    def ask(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Call an action and return the simulator's answer. A rejection ends the command with its message."""
        request = urllib.request.Request(  # noqa: S310 the address is our own
            f"{self.url}/{action}",
            data=json.dumps(asked).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=_TIMEOUT_S) as answer:
                content: dict[str, Any] = json.load(answer)
                return content
        except urllib.error.HTTPError as error:
            with error:
                bad_input(str(json.load(error)["message"]))
        except (urllib.error.URLError, OSError, ValueError) as error:
            bad_input(f"the simulator at {self.url} does not answer: {getattr(error, 'reason', error)}")


def ask_running(state: Path, action: str, **asked: Any) -> dict[str, Any] | None:
    """Return the answer of the `serve` that uses the folder; None if none is running."""
    found = _running(state / ADMIN_FILE)
    return None if found is None else found.ask(action, asked)


def ask_chosen(state: Path, chosen: str | None, action: str, **asked: Any) -> dict[str, Any]:
    """Call an action of the simulator with the name or process id `chosen`, or of the only running one.

    Ends the command if none is running with the folder, none has that name, or several do.
    """
    running = list(_all_running(state))
    if not running:
        bad_input(
            f"state folder {state}: no simulator runs with it; start `simulator serve --state {state}` or "
            f"`simulator up --state {state}` first"
        )
    meant = [each for each in running if chosen in {None, each.name, str(each.pid)}]
    if not meant:
        bad_input(f"simulator = {chosen!r}, must be {one_of(str(chosen), [each.name for each in running])}")
    if len(meant) > 1:
        names = ", ".join(f"{each.name} (process id {each.pid})" for each in meant)
        bad_input(f"simulator = {chosen or 'none'}, must be one of those that run with state folder {state}: {names}")
    return meant[0].ask(action, asked)


def _all_running(state: Path) -> Iterator[RunningSimulator]:
    for file in (state / ADMIN_FILE, *sorted((state / UP_FOLDER).glob("*.json"))):
        found = _running(file)
        if found is not None:
            yield found


def _running(file: Path) -> RunningSimulator | None:
    try:
        place = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        bad_input(f"{file}: {error}")
    if not isinstance(place, dict) or not _is_place(place):
        bad_input(f"{file}, must have url, token and pid of the simulator that runs: start it again")
    if not _is_alive(place["pid"]):  # the simulator was killed, so it did not remove its file
        return None
    return RunningSimulator(str(place.get("name", "")), place["url"], place["token"], place["pid"])


def _is_place(place: dict[str, Any]) -> bool:
    url, token, pid = place.get("url"), place.get("token"), place.get("pid")
    numbered = isinstance(pid, int) and not isinstance(pid, bool) and 0 < pid <= _PID_MAX
    return numbered and isinstance(token, str) and isinstance(url, str) and url.startswith("http://127.0.0.1:")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the process belongs to another user
        return True
    return True
