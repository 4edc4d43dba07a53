"""Admin endpoint: lets the CLI control a running simulator where AWS has no API, such as approving a connection.

It serves HTTP on loopback, on a separate port. The address and a token are in a file that only its owner can read:
`admin.json` in the state folder of `simulator serve`, and one file for each `simulator up`, of which several may run.
So a user who may write the state may request actions, but a web page that knows the port may not.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from simulator.api.endpoint import close_http
from simulator.model.resources.api_error import ApiError
from simulator.wire.own_names import OwnNames
from simulator.wire.web_listener import addressed_request, listener_limits
from simulator.world.private_files import make_private_folder, write_private

ADMIN_FILE: Final = "admin.json"  # in the state folder; contains name, url, token and pid
SERVE_NAME: Final = "serve"
UP_FOLDER: Final = "up"  # in the state folder: one such file per `simulator up`

_HOST: Final = "127.0.0.1"

Action = Callable[[dict[str, Any]], dict[str, Any]]


class AdminEndpoint:
    """Serves `POST /<action>`, which takes and returns a JSON object.

    An action may raise ApiError, KeyError or ValueError. `file`: path to which the address is written. `name`: what
    users call the simulator.
    """

    def __init__(self, file: Path, name: str, token: str, actions: Mapping[str, Action]) -> None:
        self._file = file
        self._name = name
        self._token = token
        self._actions = dict(actions)
        self._http = web.Server(self._handle, **listener_limits())
        self._listener: asyncio.Server | None = None

    def add(self, name: str, action: Action) -> None:
        """Add an action."""
        self._actions[name] = action

    async def open(self) -> None:
        """Start listening and write the address file. Raises OSError."""
        self._listener = await asyncio.get_running_loop().create_server(self._http, _HOST, 0)
        port = self._listener.sockets[0].getsockname()[1]
        content = {"name": self._name, "url": f"http://{_HOST}:{port}", "token": self._token, "pid": os.getpid()}
        make_private_folder(self._file.parent)
        write_private(self._file, orjson.dumps(content))

    async def close(self) -> None:
        self._file.unlink(missing_ok=True)
        if self._listener is not None:
            self._listener.close()
        await close_http(self._http)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        why = OwnNames().rejection(addressed_request(request))
        if why is not None:
            return _response(403, {"message": why})
        given = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            return _response(403, {"message": f"the token of {self._file.name} must be given"})
        action = self._actions.get(request.path.removeprefix("/"))
        if request.method != "POST" or action is None:
            return _response(404, {"message": f"no such action; available: POST to {', '.join(self._actions)}"})
        try:
            return _response(200, action(dict(orjson.loads(await request.read() or b"{}"))))
        except ApiError as error:
            return _response(error.status, {"message": error.explained})
        except (KeyError, ValueError, TypeError) as error:
            missing = f"{error.args[0]} must be given" if isinstance(error, KeyError) else str(error)
            return _response(400, {"message": missing})


def _response(status: int, content: dict[str, Any]) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(content), content_type="application/json")
