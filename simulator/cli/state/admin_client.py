"""Call the simulator that uses a state folder, from another process."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

from simulator.api.admin import ADMIN_FILE
from simulator.cli.exit_codes import bad_input

_TIMEOUT_S: Final = 10.0
_PID_MAX: Final = 2**22  # Linux's maximum


def ask_running(state: Path, action: str, **asked: Any) -> dict[str, Any] | None:
    """Return the simulator's answer; None if none is running. A rejection ends the command with its message."""
    try:
        place = json.loads((state / ADMIN_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        bad_input(f"{state / ADMIN_FILE}: {error}")
    if not isinstance(place, dict) or not _is_place(place):
        bad_input(f"{state / ADMIN_FILE}, must have url, token and pid of the simulator that runs: start it again")
    if not _is_alive(place["pid"]):  # it was killed and left its file
        return None
    request = urllib.request.Request(  # noqa: S310 the address is our own
        f"{place['url']}/{action}",
        data=json.dumps(asked).encode(),
        headers={"Authorization": f"Bearer {place['token']}", "Content-Type": "application/json"},
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
        bad_input(f"the simulator at {place['url']} does not answer: {getattr(error, 'reason', error)}")


def _is_place(place: dict[str, Any]) -> bool:
    url, token, pid = place.get("url"), place.get("token"), place.get("pid")
    numbered = isinstance(pid, int) and not isinstance(pid, bool) and 0 < pid <= _PID_MAX
    return numbered and isinstance(token, str) and isinstance(url, str) and url.startswith("http://127.0.0.1:")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it belongs to another user
        return True
    return True
