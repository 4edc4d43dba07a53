"""A web request as rules of a web ACL see it: its head, and its body up to the limit of the web ACL."""

from __future__ import annotations

from collections.abc import Sequence


class WebRequest:
    """A request. `fields` are its header fields in the order of arrival, with names in lower case.

    `client` is the client's address as text. `body` contains the first bytes of the body; `is_cut` is True if there are
    more. `path` is as the client sent it, without the query string; `query` is without the question mark. The HTTP
    version is 1.`minor`.
    """

    __slots__ = ("body", "client", "fields", "is_cut", "method", "minor", "path", "query")

    def __init__(
        self,
        method: bytes,
        target: bytes,
        fields: Sequence[tuple[bytes, bytes]] = (),
        client: str = "",
        body: bytes = b"",
        *,
        is_cut: bool = False,
        minor: int = 1,
    ) -> None:
        self.method = method
        self.path, _, self.query = target.partition(b"?")
        self.fields = fields
        self.client = client
        self.body = body
        self.is_cut = is_cut
        self.minor = minor

    def field(self, name: bytes) -> bytes | None:
        """Return the values of the field `name` (lower case), joined by commas; None if there is none."""
        values = [value for each, value in self.fields if each == name]
        return b", ".join(values) if values else None

    def cookies(self) -> list[tuple[bytes, bytes]]:
        """Return the names and values of the cookies, in the order of arrival."""
        found = []
        for name, value in self.fields:
            if name == b"cookie":
                for each in value.split(b";"):
                    key, _, content = each.strip().partition(b"=")
                    found.append((key, content))
        return found

    def arguments(self) -> list[tuple[bytes, bytes]]:
        """Return the names and values in the query string, undecoded."""
        found = []
        for each in self.query.split(b"&"):
            if each:
                name, _, value = each.partition(b"=")
                found.append((name, value))
        return found
