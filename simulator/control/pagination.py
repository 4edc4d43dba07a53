"""Pages of lists, and their tokens.

A token contains the number of the last resource on a page, with an authentication code over it, the operation, the
caller and all other parameters: a forged token, or one of a different request, is rejected. It contains the resource's
number and not a position, so that no resource is repeated or skipped if resources are created or deleted between two
pages.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any, Final, Protocol, TypeVar

from simulator.control.principal import Principal
from simulator.control.rejections import invalid

_SEAL_BYTES: Final = 16
_REJECTED: Final = (
    "NextToken is invalid: it must be the token of the previous page, with all other parameters unchanged."
)


class Numbered(Protocol):
    @property
    def born(self) -> int: ...


T = TypeVar("T", bound=Numbered)


class Pages:
    """Divides lists into pages.

    `key` authenticates the tokens; it stays after a restart, so that a listing can continue.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def page(
        self, items: Iterable[T], principal: Principal, operation: str, request: dict[str, Any]
    ) -> tuple[list[T], dict[str, str]]:
        """Return the items of the requested page, newest first, and `{"NextToken": ...}` if there are more.

        Without MaxResults there is one page with all items (facts 1.6).

        Raises:
            ApiError: InvalidRequestException if NextToken was not issued for this request.
        """
        ordered = sorted(items, key=lambda item: item.born, reverse=True)
        token = request.get("NextToken")
        if token is not None:
            after = self._opened(token, principal, operation, request)
            ordered = [item for item in ordered if item.born < after]
        size = request.get("MaxResults")
        if size is None or len(ordered) <= size:
            return ordered, {}
        page = ordered[:size]
        return page, {"NextToken": self._sealed(page[-1].born, principal, operation, request)}

    def _sealed(self, born: int, principal: Principal, operation: str, request: dict[str, Any]) -> str:
        place = born.to_bytes(8, "big")
        return base64.urlsafe_b64encode(place + self._seal(place, principal, operation, request)).decode()

    def _opened(self, token: str, principal: Principal, operation: str, request: dict[str, Any]) -> int:
        try:
            content = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise invalid(_REJECTED) from error
        place, seal = content[:8], content[8:]
        if not hmac.compare_digest(seal, self._seal(place, principal, operation, request)):
            raise invalid(_REJECTED)
        return int.from_bytes(place, "big")

    def _seal(self, place: bytes, principal: Principal, operation: str, request: dict[str, Any]) -> bytes:
        others = {name: value for name, value in request.items() if name != "NextToken"}
        bound = json.dumps([principal.account, principal.region, operation, others], sort_keys=True).encode()
        return hmac.digest(self._key, place + bound, hashlib.sha256)[:_SEAL_BYTES]
