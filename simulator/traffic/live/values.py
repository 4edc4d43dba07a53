"""Values and cookies of a session: extracted from responses, inserted into requests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from simulator.scenario.sections.session_spec import PLACEHOLDER, ExtractSpec
from simulator.traffic.live.request import RequestChoice, Shot
from simulator.traffic.scripts import User
from simulator.wire.client import ClientResponse

SET_COOKIE: Final = b"set-cookie"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Sent(NamedTuple):
    """The request of a step, and the values to extract from its response. `keeps_cookies` is True if the session has
    cookies.
    """

    choice: RequestChoice
    extract: tuple[tuple[str, ExtractSpec], ...] = ()
    keeps_cookies: bool = False

    def filled(self, user: User, origin: str) -> RequestChoice:
        """Return the request with the values and cookies of the user's session. `origin` is, for example,
        `https://host`.
        """
        choice = filled(self.choice, user.values)
        if user.address:
            choice = choice.from_address(user.address)
        if user.cookies is None:
            return choice
        own = "; ".join(value for name, value in choice.headers if name.lower() == "cookie")
        cookies = user.cookies.field(origin + choice.path, own)
        if cookies == own:
            return choice
        others = tuple((name, value) for name, value in choice.headers if name.lower() != "cookie")
        return choice._replace(headers=(*others, ("cookie", cookies)))

    def takes(self, shot: Shot, user: User, origin: str) -> bool:
        """Store the values and cookies from the response to `shot` in the user's session; return False if a value is
        missing.
        """
        answer = shot.answer
        if self.keeps_cookies and answer is not None:
            _keep_cookies(user, origin + shot.choice.path, answer)
        if not self.extract:
            return True
        found = None if answer is None else found_in(answer, dict(self.extract))
        user.values |= found or {}
        return found is not None


def _keep_cookies(user: User, url: str, answer: ClientResponse) -> None:
    given = [value.decode("latin-1") for name, value in answer.headers if name == SET_COOKIE]
    if given:
        from simulator.traffic.cookies import SessionCookies  # noqa: PLC0415 most sessions have none

        user.cookies = user.cookies or SessionCookies()
        user.cookies.keep(url, given)


def found_in(answer: ClientResponse, wanted: Mapping[str, ExtractSpec]) -> dict[str, str] | None:
    """Return the values in a response by their names; None if one of them is missing."""
    values = {}
    for name, where in wanted.items():
        value = _found(answer, where)
        if value is None:
            return None
        values[name] = value
    return values


def _found(answer: ClientResponse, where: ExtractSpec) -> str | None:
    if where.header is not None:
        wanted = where.header.lower().encode()
        return next((value.decode("latin-1") for name, value in answer.headers if name == wanted), None)
    body = answer.body.decode("utf-8", "replace")
    if where.after is not None:
        _, found, rest = body.partition(where.after)
        end = where.before if where.before is not None else "\n"
        value, ended, _ = rest.partition(end)
        return value.rstrip("\r") if found and (ended or where.before is None) else None
    assert where.json_spec is not None, "one of them is set"
    return _in_json(body, where.json_spec)


def _in_json(body: str, path: str) -> str | None:
    try:
        here = json.loads(body)
        for part in path.split("."):
            here = here[int(part)] if isinstance(here, list) else here[part]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
    return None if here is None else here if isinstance(here, str) else json.dumps(here)


def filled(choice: RequestChoice, values: Mapping[str, str]) -> RequestChoice:
    """Return the request with `${name}` replaced in path, headers and body.

    In path and headers, control characters of values are replaced by spaces.
    """
    if not choice.is_template:
        return choice
    in_head = {name: _CONTROL.sub(" ", value) for name, value in values.items()}
    return choice._replace(
        path=_put(choice.path, in_head),
        headers=tuple((name, _put(value, in_head)) for name, value in choice.headers),
        body=None if choice.body is None else _put(choice.body, values),
    )


def _put(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)
