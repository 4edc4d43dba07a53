"""The text of the skill."""

from __future__ import annotations

from pathlib import Path
from typing import Final

NAME: Final = "size-app-runner-service"
FILE: Final = Path(__file__).parent / "SKILL.md"


def skill_text() -> str:
    """Return the skill in Markdown, with the name and description that agents read in its front matter."""
    return FILE.read_text(encoding="utf-8")
