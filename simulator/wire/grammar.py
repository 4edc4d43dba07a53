r"""The grammar of HTTP/1.x heads as byte patterns (RFC 9112, RFC 9110 section 5).

A head is judged by two passes in C. The pattern demands the form: tokens for names, no space before a colon, no folded
line, every line ended by CRLF. The controls left after all harmless bytes are deleted must be exactly one CR LF a line:
that catches bare CR, NUL and other controls in values for a tenth of what a character class in the pattern costs.
"""

from __future__ import annotations

import re
from typing import Final

TOKEN_BYTE: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
# `.` is any byte but LF; possessive, so nothing is read twice.
_FIELDS: Final = rb"((?:" + TOKEN_BYTE + rb"++:.*+(?<=\r)\n)*+)"

# A target has visible ASCII only, without "#": raw non-ASCII, controls, spaces and fragments are refused.
REQUEST_LINE: Final = re.compile(rb"(" + TOKEN_BYTE + rb"{1,64}+) ([^\x00-\x20#\x7f-\xff]++) HTTP/1\.([01])\r\n")
REQUEST_HEAD: Final = re.compile(REQUEST_LINE.pattern + _FIELDS + rb"\r\n")
ANSWER_HEAD: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: (.*?))?\r\n" + _FIELDS + rb"\r\n")
# Of a judged head: (whole line, name, value with optional white space around it).
FIELD: Final = re.compile(rb"(([^:]++):(.*)\r\n)")
# White space before the end of a line; from its first byte only, so that a long run is not tried again and again.
LOOSE_END: Final = re.compile(rb"(?<![ \t])[ \t]++\r\n")
ONE_FIELD: Final = re.compile(TOKEN_BYTE + rb"++:[\t\x20-\x7e\x80-\xff]*+\r\n")

OTHER_VERSION: Final = re.compile(rb"[^\s]+ [^\s]+ HTTP/(?!1\.[01]\r)[0-9]+\.[0-9]+\r\n")
BARE_LF: Final = re.compile(rb"(?<!\r)\n")
TOKEN: Final = re.compile(TOKEN_BYTE + rb"+")
DIGITS: Final = re.compile(rb"[0-9]{1,18}")
ABSOLUTE_FORM: Final = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)
# Names as DNS and URLs of services have them, or an address; no user information, no list, a port if any.
AUTHORITY: Final = re.compile(rb"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})(;[\t\x20-\x7e\x80-\xff]*+)?\r\n")

_HARMLESS: Final = bytes(byte for byte in range(256) if (byte >= 0x20 and byte != 0x7F) or byte == 0x09)


def controls_are_line_ends(head: bytes) -> bool:
    """Whether the only controls in `head` are pairs of CR and LF, HTAB apart. With a form that ends every line CRLF."""
    controls = head.translate(None, _HARMLESS)
    return controls == b"\r\n" * (len(controls) >> 1)
