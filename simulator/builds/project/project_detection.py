"""Detects the kind of a project in a folder, and writes a commented apprunner.yaml to start with."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.builds.project.requested_versions import RuntimeChoice, choose, reader
from simulator.builds.runtimes import BuildKind, Language

_BYTES_MAX: Final = 256 * 1024  # maximum size in bytes of a file that is inspected


@dataclass(frozen=True, slots=True)
class DetectedProject:
    """A detected project.

    `kind`: its kind, for the user. Each command has a reason, which is a comment in the file. `choice`: the runtime,
    with notes for the user.
    """

    kind: str
    choice: RuntimeChoice
    build: tuple[tuple[str, str], ...]
    pre_run: tuple[tuple[str, str], ...]
    command: tuple[str, str]
    env: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """Return the text of the apprunner.yaml."""
        lines = [
            f"# How AWS App Runner, and its simulator, build and run this project ({self.kind}).",
            *(f"# {note}" for note in self.choice.notes),
            "version: 1.0",
            f"runtime: {self.choice.runtime.file_name}",
            "build:",
            "  commands:",
            "    build:",
            *_commands(self.build, 6),
            "run:",
        ]
        if self.pre_run:
            lines += ["  # Only /app is kept of the build, so packages of the whole image are installed here."]
            lines += ["  pre-run:", *_commands(self.pre_run, 4)]
        lines += [f"  # {self.command[1]}", f"  command: {_quoted(self.command[0])}", "  network:"]
        lines += ["    # The port that health checks and requests go to; the application finds it in PORT."]
        lines += ["    port: 8080"]
        if self.env:
            lines += ["  env:"]
            for name, value in self.env:
                lines += [f"    - name: {name}", f"      value: {_quoted(value)}"]
        lines += ["  # Values of Secrets Manager or SSM become variables when a version is deployed:"]
        lines += ["  # secrets:", "  #   - name: DATABASE_PASSWORD", "  #     value-from: name-of-the-parameter"]
        return "\n".join(lines) + "\n"


def detect(folder: Path) -> DetectedProject | None:
    """Return the project; None if it is of no known kind."""
    for judge in (_python, _node, _java, _go, _ruby):
        found = judge(folder)
        if found is not None:
            return found
    return None


# --- the kinds ---


def _python(folder: Path) -> DetectedProject | None:
    requirements = _read(folder / "requirements.txt") + _read(folder / "pyproject.toml")
    if not requirements:
        return None
    install = "-r requirements.txt" if (folder / "requirements.txt").is_file() else "."
    packages = set(re.findall(r"[a-z0-9_-]+", requirements.lower()))
    choice = choose(Language.PYTHON, reader(folder, _BYTES_MAX))

    def point(kind: str, command: str, *more: str, then: tuple[tuple[str, str], ...] = ()) -> DetectedProject:
        extra = " ".join(("", *(package for package in more if package not in packages)))
        installed = f"pip3 install {install}{extra}".rstrip()
        start = (command, "A shell, for $PORT.")
        if choice.runtime.kind is BuildKind.ORIGINAL:
            why = f"{_twice(choice)} Packages for the whole image."
            return DetectedProject(kind, choice, ((installed, why), *then), (), start)
        build = ("python3 -m compileall -q .", "Runs in a separate image, of which only /app is kept.")
        return DetectedProject(kind, choice, (build,), ((installed, "The packages of the run image."), *then), start)

    if "django" in packages and (folder / "manage.py").is_file():
        settings = re.search(r"DJANGO_SETTINGS_MODULE\W+['\"](\w+)(\.[\w.]+)?", _read(folder / "manage.py"))
        project = settings[1] if settings else "project"
        then = _static_files(folder, project, packages)
        return point("Django", _shell(f"gunicorn --bind 0.0.0.0:$PORT {project}.wsgi"), "gunicorn", then=then)
    if "fastapi" in packages:
        module = _module_with(folder, r"FastAPI\(")
        return point("FastAPI", _shell(f"uvicorn {module} --host 0.0.0.0 --port $PORT"), "uvicorn")
    if "flask" in packages:
        module = _module_with(folder, r"Flask\(")
        return point("Flask", _shell(f"gunicorn --bind 0.0.0.0:$PORT {module}"), "gunicorn")
    return None


def _static_files(folder: Path, project: str, packages: set[str]) -> tuple[tuple[str, str], ...]:
    """Return the command with which Django collects static files, if the settings define STATIC_ROOT."""
    settings = [folder / project / "settings.py", *sorted((folder / project / "settings").glob("*.py"))]
    if not any(re.search(r"^[ \t]*+STATIC_ROOT\s*=", _read(file), re.MULTILINE) for file in settings):
        return ()
    served = "" if "whitenoise" in packages else " gunicorn serves none: whitenoise does, or a CDN."
    return (("python3 manage.py collectstatic --noinput", f"Static files into STATIC_ROOT.{served}"),)


def _node(folder: Path) -> DetectedProject | None:
    try:
        package = json.loads(_read(folder / "package.json") or "null")
    except ValueError:
        package = None
    if not isinstance(package, dict):
        return None
    dependencies = package.get("dependencies") or {}
    scripts = package.get("scripts") or {}
    kind = "Express" if "express" in dependencies else "Node.js"
    locked = (folder / "package-lock.json").is_file()
    install = "npm ci" if locked else "npm install"
    build = [(install, "Into node_modules, which is in /app and so is kept.")]
    if "build" in scripts:
        build.append(("npm run build", "The project's own build."))
    start = "npm start" if "start" in scripts else f"node {package.get('main', 'index.js')}"
    why, choice = "It must listen on process.env.PORT.", choose(Language.NODE, reader(folder, _BYTES_MAX))
    return DetectedProject(kind, choice, tuple(build), (), (start, why), (("NODE_ENV", "production"),))


def _java(folder: Path) -> DetectedProject | None:
    maven, gradle = _read(folder / "pom.xml"), _read(folder / "build.gradle") + _read(folder / "build.gradle.kts")
    if "spring" not in (maven + gradle).lower():
        return None
    build, jars = ("mvn -q package", "target") if maven else ("gradle -q bootJar", "build/libs")
    wrapper = "./mvnw" if maven else "./gradlew"
    if (folder / wrapper).is_file():
        build = build.replace("mvn", wrapper, 1) if maven else build.replace("gradle", wrapper, 1)
    command = _shell(f"java -jar {jars}/*.jar --server.port=$PORT")
    choice = choose(Language.JAVA, reader(folder, _BYTES_MAX))
    return DetectedProject("Spring", choice, ((build, _twice(choice)),), (), (command, "A shell, for * and $PORT."))


def _go(folder: Path) -> DetectedProject | None:
    if not (folder / "go.mod").is_file():
        return None
    choice = choose(Language.GO, reader(folder, _BYTES_MAX))
    build = ("go build -o main .", _twice(choice))
    return DetectedProject("Go", choice, (build,), (), ("./main", "It must listen on $PORT."))


def _ruby(folder: Path) -> DetectedProject | None:
    gems = _read(folder / "Gemfile")
    if not re.search(r"gem\s+['\"]rails['\"]", gems):
        return None
    choice = choose(Language.RUBY, reader(folder, _BYTES_MAX))
    command = _shell("bundle exec rails server --binding 0.0.0.0 --port $PORT")
    env = (("RAILS_ENV", "production"), ("RAILS_LOG_TO_STDOUT", "1"))
    build = ("bundle install", _twice(choice))
    return DetectedProject("Rails", choice, (build,), (), (command, "A shell, for $PORT."), env)


# --- leaves ---


def _twice(choice: RuntimeChoice) -> str:
    name = choice.runtime.file_name
    return f"It runs once in the build image and once in the run image, as in all builds of {name}."


def _shell(command: str) -> str:
    return f'sh -c "exec {command}"'


def _module_with(folder: Path, pattern: str) -> str:
    """Return `app:app` if app.py has `app = ...` matching the pattern; also for the main module of a package."""
    for file in sorted([*folder.glob("*.py"), *folder.glob("*/*.py")], key=lambda file: (len(file.parts), file.name)):
        match = re.search(rf"^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:\w+\.)?{pattern}", _read(file), re.MULTILINE)
        if match:
            module = ".".join(file.relative_to(folder).with_suffix("").parts)
            return f"{module}:{match[1]}"
    return "app:app"


def _commands(commands: tuple[tuple[str, str], ...], indent: int) -> list[str]:
    space = " " * indent
    return [line for text, why in commands for line in (f"{space}# {why}", f"{space}- {_quoted(text)}")]


def _quoted(text: str) -> str:
    """Return the text as a plain scalar if YAML reads that as text, else as a single-quoted one."""
    plain = re.fullmatch(r"[A-Za-z./][\w./ =-]*", text)
    return text if plain else "'" + text.replace("'", "''") + "'"


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            return opened.read(_BYTES_MAX)
    except OSError:
        return ""
