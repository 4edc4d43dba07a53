"""The options MinSize and MaxSize of the verbs that read recordings of a service."""

from __future__ import annotations

from typing import Any, Final

import typer

_INSTANCES_MAX: Final = 1000


def min_size_option(panel: str) -> Any:
    """Return the option `--min-size`, which the help shows in `panel`."""
    return _instances("MinSize [1].", panel)


def max_size_option(panel: str) -> Any:
    """Return the option `--max-size`, which the help shows in `panel`."""
    return _instances("MaxSize [25].", panel)


def instances_option(panel: str) -> Any:
    """Return the option `--instances`, which the help shows in `panel`."""
    return _instances("Instances that served the load, if always as many.", panel)


def _instances(text: str, panel: str) -> Any:
    return typer.Option(min=1, max=_INSTANCES_MAX, metavar="N", help=text, rich_help_panel=panel)
