"""The layers of the code as a picture and a table, generated from the import contract that enforces them.

The comment `<!-- layers -->` of a page is replaced by both. Packages of one layer do not import each other; each may
import the packages of every lower layer. The descriptions are the first paragraphs of the packages' docstrings.
"""

from __future__ import annotations

import ast
import html
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import simulator
from page_parts import cell, table

_PACKAGE: Final = Path(simulator.__file__).parent
_PROJECT: Final = _PACKAGE.parent / "pyproject.toml"

# Pixels.
_BOX_W, _BOX_H, _COLUMN, _ROW, _MARGIN = 150, 34, 180, 48, 20


def layers_of_contract() -> list[list[str]]:
    """Return the names of the packages by layer, the highest first."""
    contracts = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [[name.strip().removeprefix("simulator.") for name in layer.split("|")] for layer in layers]


def with_layers(markdown: str) -> str:
    """Return the page with picture and table in place of its comment."""
    layers = layers_of_contract()
    return markdown.replace("<!-- layers -->", f"{picture(layers)}\n\n{_packages(layers)}")


def picture(layers: Sequence[Sequence[str]]) -> str:
    """Return an SVG element with a text alternative for screen readers."""
    widest = max(map(len, layers))
    width, height = 2 * _MARGIN + (widest - 1) * _COLUMN + _BOX_W, 2 * _MARGIN + (len(layers) - 1) * _ROW + _BOX_H
    label = "Layers, top first: " + "; ".join(" and ".join(layer) for layer in layers)
    parts = [f'<svg class="states" viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(label)}">']
    for row, layer in enumerate(layers):
        y = _MARGIN + row * _ROW
        if row:
            parts.append(f'<path d="M{width / 2},{y - _ROW + _BOX_H} L{width / 2},{y}"/>')
        for column, name in enumerate(layer):
            x = width / 2 + (column - (len(layer) - 1) / 2) * _COLUMN - _BOX_W / 2
            parts.append(
                f'<rect x="{x}" y="{y}" width="{_BOX_W}" height="{_BOX_H}" rx="7"/>'
                f'<text x="{x + _BOX_W / 2}" y="{y + _BOX_H / 2 + 4}" text-anchor="middle">{html.escape(name)}</text>'
            )
    return "".join([*parts, "</svg>"])


def _packages(layers: Sequence[Sequence[str]]) -> str:
    return table(["package", "what it is"], ([f"`{name}`", cell(_summary(name))] for layer in layers for name in layer))


def _summary(package: str) -> str:
    """Return the first paragraph of the package's docstring."""
    tree = ast.parse((_PACKAGE / package / "__init__.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n\n")[0]
