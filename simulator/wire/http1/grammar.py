r"""The grammar of HTTP/1.x heads as byte patterns (RFC 9112, RFC 9110 section 5).

A head is split at every CR LF (fields.py). Its first line must match its pattern as a whole; in every other line the
name must be a token, and the value must not contain controls. No part of a line may contain CR or LF, so either of them
within a line makes it invalid. Parts that may be long are matched possessively, so no byte is read twice.
"""

from __future__ import annotations

import re
from typing import Final

TOKEN_BYTE: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
# Values and reasons: visible ASCII, space, HTAB and obs-text (RFC 9110 5.5), possibly none.
_TEXT: Final = rb"[\t\x20-\x7e\x80-\xff]*+"

# --- lines without their ends
# A target contains visible ASCII only, without "#": raw non-ASCII, controls, spaces and fragments are rejected.
REQUEST_LINE: Final = re.compile(rb"(" + TOKEN_BYTE + rb"{1,64}+) ([^\x00-\x20#\x7f-\xff]++) HTTP/1\.([01])")
# As lenient as Envoy 1.40: any version except 0.x, and several spaces or tabs between the parts (http-proxy.md 132).
STATUS_LINE: Final = re.compile(rb"HTTP/([1-9]\.[0-9])[ \t]++([1-9][0-9]{2})(?:[ \t](" + _TEXT + rb"))?")

# --- lines with their ends
ENDED_REQUEST_LINE: Final = re.compile(REQUEST_LINE.pattern + rb"\r\n")
ONE_FIELD: Final = re.compile(TOKEN_BYTE + rb"++:" + _TEXT + rb"\r\n")
# One digit on each side of the dot (RFC 9112 2.3); text with more digits, or in another case, is not a version.
OTHER_VERSION: Final = re.compile(rb"[^\s]+ [^\s]+ HTTP/(?!1\.[01])[0-9]\.[0-9]\r\n")
BARE_LF: Final = re.compile(rb"(?<!\r)\n")

# --- parts of lines
TOKEN: Final = re.compile(TOKEN_BYTE + rb"++")
DIGITS: Final = re.compile(rb"[0-9]{1,18}")
ABSOLUTE_FORM: Final = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)
# RFC 3986 3.2.2 and 3.2.3 without user information: a name, which must not be empty here (RFC 9110 4.2.1), or an
# address in brackets; then a port, which may be empty.
AUTHORITY: Final = re.compile(
    rb"((?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+|\[([0-9A-Za-z:.\-_~!$&'()*+,;=]++)\])(?::([0-9]*+))?"
)
IP_FUTURE: Final = re.compile(rb"[vV][0-9A-Fa-f]++\.[0-9A-Za-z:.\-_~!$&'()*+,;=]++")

# --- chunks. Repeated groups are not possessive: in some releases of Python 3.11, such as 3.11.2, possessive groups
# match text that they must not. The alternatives of the group begin with different bytes, so there is only one way to
# match, and the time is linear.
_QUOTED: Final = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
_EXTENSION: Final = (
    rb"[ \t]*+;[ \t]*+" + TOKEN_BYTE + rb"++(?:[ \t]*+=[ \t]*+(?:" + TOKEN_BYTE + rb"++|" + _QUOTED + rb"))?"
)
CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})((?:" + _EXTENSION + rb")*)\r\n")
# From an application: white space after the size, and any text as an extension (http-proxy.md 134; as Envoy 1.40).
ANSWER_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*+(;" + _TEXT + rb")?\r\n")

# --- heads of responses, which may have LF instead of CR LF (RFC 9112 2.2) and folded lines (5.2)
ANSWER_HEAD_END: Final = re.compile(rb"\n\r?\n")
OBS_FOLD: Final = re.compile(rb"(?:\n[ \t]++)+")
ANSWER_TRAILER: Final = re.compile(rb"(?:" + TOKEN_BYTE + rb"++:|[ \t])" + _TEXT + rb"\r?\n")

_TEXT_BYTES: Final = bytes(byte for byte in range(256) if (byte >= 0x20 and byte != 0x7F) or byte == 0x09)


def has_controls(text: bytes) -> bool:
    """Return True if `text` contains a byte outside _TEXT. Faster than the pattern for texts of more than 50 bytes."""
    return bool(text.translate(None, _TEXT_BYTES))
