"""Rich's console for what verbs print: styles are ours, and the text that has them controls nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from simulator.cli.printing import Door
from simulator.model.visible import visible


class Terminal(Console):
    """A text is never taken for markup or emoji codes: it may be a stranger's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False, "markup": False, "emoji": False, **options})

    @property
    def file(self) -> IO[str]:
        """Behind the door: each segment has been looked at, and the door knows no cursor."""
        file = super().file
        return file.behind if isinstance(file, Door) else file

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        self._file = new_file

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """With every text as it may be shown."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else visible(text), style, control)
