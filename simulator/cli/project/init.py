"""`simulator init`: writes a commented apprunner.yaml for the project in a folder."""

from __future__ import annotations

from pathlib import Path

import typer

from simulator.builds.config.file import FILE_NAME
from simulator.builds.project.project_detection import detect
from simulator.cli.exit_codes import bad_input
from simulator.cli.outputs import written
from simulator.cli.printing import echo


def init(
    folder: Path = typer.Argument(Path(), metavar="[DIR]", help="The project's folder.", show_default="."),
    force: bool = typer.Option(False, "--force", help="Overwrite an existing apprunner.yaml."),
) -> None:
    """Write a commented apprunner.yaml for a Flask, FastAPI, Django, Express, Node.js, Spring, Go or Rails project."""
    if not folder.is_dir():
        bad_input(f"DIR = {folder}, must be a folder")
    target = folder / FILE_NAME
    if target.exists() and not force:
        bad_input(f"{target} exists already; --force overwrites it")
    found = detect(folder)
    if found is None:
        bad_input(
            f"{folder} = no known kind of project, must have requirements.txt or pyproject.toml with Flask, FastAPI or "
            "Django, package.json, a pom.xml or build.gradle with Spring, go.mod, or a Gemfile with Rails"
        )
    with written("DIR", target) as stream:
        stream.write(found.text())
    for note in found.choice.notes:
        echo(note)
    echo(f"{target} written for {found.kind}; next: simulator up {folder}")
