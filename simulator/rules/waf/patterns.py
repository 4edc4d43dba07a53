r"""Regular expressions of web ACLs, matched in a time that is linear in the length of the text.

The library is RE2, which has no backtracking. It lacks the constructs that a web ACL may not use either:
backreferences, recursion, possessive quantifiers, `\C`, `\R`, `\K`.

# ASSUMPTION: lookaround, which RE2 lacks too, is rejected; AWS does not state whether it accepts it. A web ACL with one
# on AWS settles it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

PATTERN_CHARACTERS_MAX: Final = 512
_MEMORY_BYTES_MAX: Final = 8 << 20  # for one pattern and its caches

Search = Callable[[bytes], object]  # the result is truthy if the pattern matches somewhere in the text


def search_of(pattern: str) -> Search:
    """Return the search function of a pattern. Raises ValueError with the reason if the pattern is not supported."""
    import re2  # noqa: PLC0415 of the extra "serve"; only web ACLs with patterns need it

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES_MAX
    try:
        compiled = re2.compile(pattern.encode(), options)
    except re2.error as error:
        reason = error.args[0] if error.args else "not supported"
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(text) from error
    search: Search = compiled.search
    return search
