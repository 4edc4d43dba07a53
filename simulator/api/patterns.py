r"""Patterns of the service model, matched in time linear in the length of the text.

Python's `re` tries the alternatives of a pattern one after the other, so a pattern with two repetitions that can divide
the same text in several ways needs quadratic time. The model has one such pattern, for image identifiers: its `.+\/`
can end at any slash, and the rest is matched again from each. It is replaced by an equivalent of linear parts; a test
searches all other patterns for such repetitions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

Matcher = Callable[[str], object]  # matches a complete text; the result is truthy if it matches

IMAGE_IDENTIFIER: Final = (
    r"([0-9]{12}.dkr.ecr.[a-z\-]+-[0-9]{1}.amazonaws.com\/((?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]"
    r"+)*)(:([\w\d+\-=._:\/@])+|@([\w\d\:]+))?)|(^public\.ecr\.aws\/.+\/((?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:"
    r"[._-][a-z0-9]+)*)(:([\w\d+\-=._:\/@])+|@([\w\d\:]+))?)"
)
_PART: Final = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"  # a part of a repository's name, between slashes
_OF_TAGS: Final = r"\w+\-=._:/@"  # characters of a tag: the model allows slashes and colons
_DIGEST: Final = r"@[\w:]+"
_PUBLIC_PREFIX: Final = "public.ecr.aws/"

_PRIVATE: Final = re.compile(
    rf"[0-9]{{12}}.dkr.ecr.[a-z\-]+-[0-9].amazonaws.com/(?:{_PART}/)*{_PART}(?::[{_OF_TAGS}]+|{_DIGEST})?", re.ASCII
)
_LAST_PART: Final = re.compile(rf"{_PART}(?:{_DIGEST})?", re.ASCII)
_TAGGED_PART: Final = re.compile(rf"/{_PART}:[{_OF_TAGS}]", re.ASCII)
_NO_TAG: Final = re.compile(rf"[^{_OF_TAGS}]", re.ASCII)

# Classes of Unicode, which Python's `re` has under other names. Patterns with them allow underscores too, as `\w` does.
_LETTER: Final = r"\p{L}"
_CLASSES: Final[Mapping[str, str]] = {_LETTER: r"\w", r"\p{N}": r"\w", r"\p{Z}": r"\s"}

LINEAR_PARTS: Final = (_PRIVATE, _LAST_PART, _TAGGED_PART, _NO_TAG)


def matcher_of(pattern: str) -> Matcher:
    """Return the matcher of a pattern of the model."""
    if _LETTER in pattern:  # the tags of STS
        for name, equivalent in _CLASSES.items():
            pattern = pattern.replace(name, equivalent)
        return re.compile(pattern).fullmatch
    return _EQUIVALENTS.get(pattern) or re.compile(pattern, re.ASCII).fullmatch


def _one_line(text: str) -> bool:
    return "\n" not in text


def _image_identifier(text: str) -> bool:
    """Return True for an image identifier of a private or public repository in ECR.

    In a public one, any characters may precede the last part of the name. Without a tag, the last part follows the last
    slash; with a tag, which extends to the end, it may follow any slash after which all characters are allowed in a
    tag.
    """
    if not text.startswith(_PUBLIC_PREFIX):
        return _PRIVATE.fullmatch(text) is not None
    if "\n" in text:
        return False
    first = len(_PUBLIC_PREFIX) + 1  # at least one character must precede the slash
    slash = text.rfind("/", first)
    if slash < 0:
        return False
    if _LAST_PART.fullmatch(text, slash + 1):
        return True
    for other in _NO_TAG.finditer(text, first):
        first = other.end()
    return _TAGGED_PART.search(text, first) is not None


_EQUIVALENTS: Final[Mapping[str, Matcher]] = {".*": _one_line, IMAGE_IDENTIFIER: _image_identifier}
