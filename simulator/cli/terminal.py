"""rich's console for the output of verbs: only the code sets styles, and texts contain no control sequences."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import IO, Any, Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from simulator.model.text.visible import GuardedStream, visible

_PADDING: Final = re.compile(r" +(?=\n)")


class Terminal(Console):
    """A console that never interprets text, which may be untrusted, as markup or emoji codes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False, "markup": False, "emoji": False, **options})

    @property
    def file(self) -> IO[str]:
        """The stream behind the filter: segments are filtered already, and the filter has no cursor movement."""
        file = super().file
        return file.behind if isinstance(file, GuardedStream) else file

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        self._file = new_file

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        """Remove the blanks that pad lines to the width, in files and pipes, which have no width."""
        text = super()._render_buffer(buffer)
        return text if self.is_terminal else _PADDING.sub("", text)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render with every text filtered."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else visible(text), style, control)
