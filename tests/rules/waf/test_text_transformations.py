"""Text transformations: a table of name, text and result."""

from __future__ import annotations

import hashlib
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.waf.text_transformations import NOT_EVALUATED, TRANSFORMATIONS


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("NONE", b"A b", b"A b"),
        ("LOWERCASE", b"A\xc4b", b"a\xc4b"),
        ("UPPERCASE", b"aBc", b"ABC"),
        ("COMPRESS_WHITE_SPACE", b"a \t\r\n\xa0 b  c", b"a b c"),
        ("HTML_ENTITY_DECODE", b"&lt;script&gt; &quot;&amp;&#60;&#x3C;&nosuch;", b'<script> "&<<&nosuch;'),
        ("HTML_ENTITY_DECODE", b"&nbsp;", "\xa0".encode()),
        ("URL_DECODE", b"%3Cscript%3e+%zz%2", b"<script>+%zz%2"),
        ("URL_DECODE_UNI", b"%u003cscript%3E", b"<script>"),
        ("URL_DECODE_UNI", b"%uff1cscript", b"<script"),  # full-width form
        ("BASE64_DECODE", b"PHNjcmlwdD4=", b"<script>"),
        ("BASE64_DECODE", b"no base64!", b"no base64!"),
        ("BASE64_DECODE_EXT", b"PHNj\ncmlw!dD4", b"<script>"),
        ("HEX_DECODE", b"3c3E", b"<>"),
        ("HEX_DECODE", b"3c3", b"3c3"),
        ("MD5", b"a", hashlib.md5(b"a").digest()),
        ("SHA256", b"a", hashlib.sha256(b"a").digest()),
        ("NORMALIZE_PATH", b"/a//b/./c/../d", b"/a/b/d"),
        ("NORMALIZE_PATH", b"/../../a/", b"/a/"),
        ("NORMALIZE_PATH", b"", b""),
        ("NORMALIZE_PATH_WIN", b"\\a\\..\\b", b"/b"),
        ("REMOVE_NULLS", b"a\0b", b"ab"),
        ("REPLACE_NULLS", b"a\0b", b"a b"),
        ("REPLACE_COMMENTS", b"a/* x */b/*/**/c/* open", b"a b c "),
        ("REMOVE_COMMENTS_CHAR", b"a/*b*/--c#", b"abc"),
        ("REMOVE_WHITESPACE", b" a \t b ", b"ab"),
        ("TRIM", b"\n a b ", b"a b"),
        ("TRIM_LEFT", b" a ", b"a "),
        ("TRIM_RIGHT", b" a ", b" a"),
        ("UTF8_TO_UNICODE", "a\xe4".encode(), b"a%u00e4"),
    ],
)
def test_each_transformation_has_its_result(name: str, text: bytes, expected: bytes) -> None:
    assert TRANSFORMATIONS[name](text) == expected


@given(st.binary(max_size=200))
def test_every_transformation_accepts_any_text(text: bytes) -> None:
    for each in TRANSFORMATIONS.values():
        assert isinstance(each(text), bytes)


@given(st.binary(max_size=100))
def test_url_decoding_is_the_inverse_of_quoting(text: bytes) -> None:
    assert TRANSFORMATIONS["URL_DECODE"](quote(text, safe="").encode()) == text
    assert TRANSFORMATIONS["URL_DECODE"](text) == unquote_to_bytes(text)


def test_transformations_that_cannot_be_evaluated_are_known() -> None:
    assert not set(NOT_EVALUATED) & set(TRANSFORMATIONS)
