"""Sections about the requests of users: their headers and bodies, and the steps of a session."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, model_validator

from simulator.scenario.sections.base_model import Number, Section, Size
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec

# Header fields that the load client sets itself.
_OWN: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"})
PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderValue = Annotated[str, Field(pattern=r"^[^\r\n\x00]*$")]
ValueName = Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]


class RequestSpec(Section):
    """A kind of request."""

    name: str = Field(default="", pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """A name for checks: `p95{name:login} < 1 s`."""
    path: str = Field(default="/", pattern="^/")
    """Path and query string; a check may be about it: `p95{path:/search} < 1 s`."""
    method: str = Field(default="GET", pattern="^[A-Z]+$")
    """HTTP method."""
    weight: Number = Field(default=1.0, gt=0)
    """Relative frequency among the kinds of the source."""
    headers: Mapping[HeaderName, HeaderValue] = Field(default_factory=dict)
    """Header fields (real time)."""
    body: str | None = None
    """The body (real time); replaces `request_size`."""
    request_size_bytes: Size = Field(default=0, le=1024**3)
    """Size of the request's body."""
    response_size_bytes: Size = Field(default=0, le=1024**3)
    """Size of the simulated answer's body."""

    @model_validator(mode="after")
    def _is_one_body(self) -> RequestSpec:
        if self.body is not None and self.request_size_bytes:
            msg = f"request_size = {self.request_size_bytes}, must be left out with a body"
            raise ValueError(msg)
        for name in self.headers:
            if name.lower() in _OWN:
                msg = f"headers = {name}, must be left to the load client, which writes it itself"
                raise ValueError(msg)
        return self

    def __hash__(self) -> int:
        """Hash without the headers, because mappings are not hashable. Equality compares everything."""
        return hash((self.name, self.path, self.method, self.weight, self.body))

    @property
    def body_bytes(self) -> int:
        """The size of the request's body plus that of the simulated answer's body."""
        return (self.request_size_bytes or len((self.body or "").encode())) + self.response_size_bytes

    @property
    def placeholders(self) -> list[str]:
        """Return the names in `${...}` anywhere in the request."""
        return PLACEHOLDER.findall(" ".join([self.path, self.body or "", *self.headers.values()]))


class ExtractSpec(Section):
    """The place of a value in an answer: exactly one of `json`, `header` and `after`."""

    json_spec: str | None = Field(default=None, min_length=1)
    """In a JSON body: keys and list indexes separated by dots, such as `user.tokens.0`."""
    header: HeaderName | None = None
    """In this header field."""
    after: str | None = Field(default=None, min_length=1)
    """In the body after this text, up to `before`."""
    before: str | None = Field(default=None, min_length=1)
    """The text after the value (default: the end of the line)."""

    @model_validator(mode="after")
    def _is_one_place(self) -> ExtractSpec:
        given = [name for name in ("json_spec", "header", "after") if getattr(self, name) is not None]
        if len(given) != 1 or (self.before is not None and self.after is None):
            msg = "extract = unclear, must be exactly one of json, header and after (with before)"
            raise ValueError(msg)
        return self


class StepSpec(RequestSpec):
    """A step of a session: a request, values of its answer for later steps, and the time until the next step."""

    extract: Mapping[ValueName, ExtractSpec] = Field(default_factory=dict)
    """Values of its answer, by name; later steps send them as `${name}` in path, headers or body (real time)."""
    think_time: DistributionSpec = NOTHING
    """Time between its answer and the next step; that of the last step is added to the think time between sessions."""

    __hash__ = RequestSpec.__hash__
