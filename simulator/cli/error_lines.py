"""Error messages of all verbs: a line `error: ...` on standard error and, if there is one, a line `hint: ...`.

The lines contain no control sequences and no boxes, so that they can be searched in logs and by scripts.
"""

from __future__ import annotations

import re
from typing import Any, Final

from simulator.cli.printing import echo

# The part of a message that becomes the hint: of one about an unknown name (simulator.model.text.problems) or a missing
# library (simulator.model.extras).
_SUGGESTION: Final = re.compile(r"; (?P<hint>(?:did you mean|it is now) `[^`]*`\??|`[^`]*` in a clone installs it)$")
# A line that begins with FILE:LINE:COLUMN: a message may list several problems of files.
_PLACED: Final = re.compile(r"(?:\S.*:)?\d+:\d+: \S")
_CHOICE: Final = re.compile(r"'(?P<found>[^']*)' is not one of (?P<known>'.*')$", re.DOTALL)
_SUBCOMMAND: Final = re.compile(r"\.? Did you mean (?P<near>'[^']*'(?:, '[^']*')*)\?$")


def tell_error(message: str, hint: str = "") -> None:
    """Print the lines of an error. `hint` is omitted if the message itself suggests a name."""
    for line in error_lines(message, hint):
        echo(line, err=True)


def error_lines(message: str, hint: str = "") -> list[str]:
    """Return the lines of a message.

    Each of several problems has its own `error:`; other lines continue the first one.
    """
    lines = []
    for number, text in enumerate(message.splitlines() or [""]):
        found = _SUGGESTION.search(text)
        body = text[: found.start()] if found else text
        lines.append(f"error: {body}" if number == 0 or _PLACED.match(body) else body)
        if found:
            lines.append(f"hint: {found['hint']}")
    is_told = lines[-1].startswith("hint: ")
    return lines if is_told or not hint else [*lines, f"hint: {hint}"]


def tell_usage_error(error: Any) -> None:
    """Print an error of click: an unknown option or verb, a missing argument, a value of the wrong type."""
    message = str(error.format_message()).strip().removesuffix(".")
    message = message.replace("Value error, ", "").replace(": Input should be ", ": must be ")
    context = getattr(error, "ctx", None)
    hint = f"`{context.command_path} --help` lists what it takes" if context is not None else ""
    option = getattr(error, "option_name", "")
    if option and message.startswith("No such option"):
        message, hint = f"no such option: {option}", _nearest_hint(option, list(error.possibilities or ()), hint)
    elif found := _SUBCOMMAND.search(message):
        message, hint = message[: found.start()], f"did you mean {found['near'].replace(chr(39), '`')}?"
    elif choice := _CHOICE.search(message):
        hint = _nearest_hint(choice["found"], re.findall(r"'([^']*)'", choice["known"]), hint)
    tell_error(message[:1].lower() + message[1:], hint)


def _nearest_hint(word: str, known: list[str], otherwise: str) -> str:
    """Suggest the new name of a renamed word, else the nearest known word, else `otherwise`."""
    from simulator.model.text.problems import nearest  # noqa: PLC0415 only for an unknown word
    from simulator.model.text.renamed import RENAMED  # noqa: PLC0415

    if new := RENAMED.get(word):
        return f"it is now `{new}`"
    near = nearest(word, known)
    return f"did you mean `{near}`?" if near else otherwise
