r"""Text transformations: changes to a component of a request before a statement inspects it.

The module has the transformations that AWS describes completely. AWS describes those for JavaScript, CSS, command lines
and SQL escapes by example only; statements that use them are not evaluated.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Final

Transformation = Callable[[bytes], bytes]

_SPACES: Final = re.compile(rb"[\x09-\x0d\x20\xa0]+")
_ENTITY: Final = re.compile(rb"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});?")
_PERCENT: Final = re.compile(rb"%([0-9a-fA-F]{2})")
_PERCENT_UNICODE: Final = re.compile(rb"%u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})")
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]")
_COMMENT: Final = re.compile(rb"/\*.*?(?:\*/|\Z)", re.DOTALL)
_COMMENT_MARKS: Final = re.compile(rb"/\*|\*/|--|#")


def _compressed(text: bytes) -> bytes:
    return _SPACES.sub(b" ", text)


def _html_decoded(text: bytes) -> bytes:
    def decoded(found: re.Match[bytes]) -> bytes:
        return html.unescape(found[0].decode("latin-1")).encode("utf-8", "replace")

    return _ENTITY.sub(decoded, text)


def _url_decoded(text: bytes) -> bytes:
    return _PERCENT.sub(lambda found: bytes((int(found[1], 16),)), text)


def _url_decoded_unicode(text: bytes) -> bytes:
    """Decode `%XX` and `%uXXXX`; the latter to its low byte, but full-width forms of ASCII characters to ASCII."""

    def decoded(found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            return bytes((int(found[2], 16),))
        code = int(found[1], 16)
        return bytes(((code & 0xFF) + 0x20 if 0xFF01 <= code <= 0xFF5E else code & 0xFF,))

    return _PERCENT_UNICODE.sub(decoded, text)


def _base64_decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text


def _base64_decoded_leniently(text: bytes) -> bytes:
    known = _NOT_BASE64.sub(b"", text)
    known = known[: len(known) - (len(known) % 4 == 1)]
    return base64.b64decode(known + b"=" * (-len(known) % 4))


def _hex_decoded(text: bytes) -> bytes:
    try:
        return binascii.unhexlify(text)
    except binascii.Error:
        return text


def _normalized(text: bytes) -> bytes:
    """Remove `//`, `/./`, and `/../` unless it leads above the root."""
    if not text:
        return text
    path = posixpath.normpath(text)
    path = b"/" + path.lstrip(b"/") if text.startswith(b"/") else b"" if path == b"." else path
    return path + b"/" if text.endswith((b"/", b"/.", b"/..")) and not path.endswith(b"/") else path


def _without_comments(text: bytes) -> bytes:
    return _COMMENT.sub(b" ", text)


def _unicode_escaped(text: bytes) -> bytes:
    if text.isascii():
        return text
    return b"".join(
        bytes((ord(each),)) if ord(each) < 0x80 else b"%%u%04x" % ord(each) for each in text.decode("utf-8", "replace")
    )


_TRIMMED: Final = b"\t\n\v\f\r \xa0"

TRANSFORMATIONS: Final[Mapping[str, Transformation]] = {
    "NONE": bytes,
    "LOWERCASE": bytes.lower,
    "UPPERCASE": bytes.upper,
    "COMPRESS_WHITE_SPACE": _compressed,
    "HTML_ENTITY_DECODE": _html_decoded,
    "URL_DECODE": _url_decoded,
    "URL_DECODE_UNI": _url_decoded_unicode,
    "BASE64_DECODE": _base64_decoded,
    "BASE64_DECODE_EXT": _base64_decoded_leniently,
    "HEX_DECODE": _hex_decoded,
    "MD5": lambda text: hashlib.md5(text, usedforsecurity=False).digest(),
    "SHA256": lambda text: hashlib.sha256(text).digest(),
    "NORMALIZE_PATH": _normalized,
    "NORMALIZE_PATH_WIN": lambda text: _normalized(text.replace(b"\\", b"/")),
    "REMOVE_NULLS": lambda text: text.replace(b"\0", b""),
    "REPLACE_NULLS": lambda text: text.replace(b"\0", b" "),
    "REPLACE_COMMENTS": _without_comments,
    "REMOVE_COMMENTS_CHAR": lambda text: _COMMENT_MARKS.sub(b"", text),
    "REMOVE_WHITESPACE": lambda text: _SPACES.sub(b"", text),
    "TRIM": lambda text: text.strip(_TRIMMED),
    "TRIM_LEFT": lambda text: text.lstrip(_TRIMMED),
    "TRIM_RIGHT": lambda text: text.rstrip(_TRIMMED),
    "UTF8_TO_UNICODE": _unicode_escaped,
}

NOT_EVALUATED: Final = (
    "CMD_LINE",
    "CMD_LINE_UNIX",
    "CMD_LINE_WIN",
    "CSS_DECODE",
    "ESCAPE_SEQ_DECODE",
    "JS_DECODE",
    "JS_DECODE_EXT",
    "SQL_HEX_DECODE",
)


def transformed(text: bytes, transformations: tuple[Transformation, ...]) -> bytes:
    """Apply the transformations in order."""
    for each in transformations:
        text = each(text)
    return text
