from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.builds.config.reading import read_config
from simulator.builds.project.project_detection import DetectedProject, detect

PROJECTS = {
    "Flask": {"requirements.txt": "Flask==3.0\n", "web.py": "from flask import Flask\nsite = Flask(__name__)\n"},
    "FastAPI": {"requirements.txt": "fastapi\nuvicorn\n", "api/main.py": "import fastapi\napp = fastapi.FastAPI()\n"},
    "Django": {
        "requirements.txt": "django\ngunicorn\n",
        "manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    },
    "Express": {
        "package.json": '{"dependencies": {"express": "4"}, "scripts": {"start": "node a.js", "build": "tsc"}}',
        "package-lock.json": "{}",
    },
    "Node.js": {"package.json": '{"main": "server.js"}'},
    "Spring": {"pom.xml": "<artifactId>spring-boot-starter-web</artifactId>", "mvnw": ""},
    "Go": {"go.mod": "module shop\n"},
    "Rails": {"Gemfile": "gem 'rails', '~> 7'\n"},
}
COMMANDS = {
    "Flask": 'sh -c "exec gunicorn --bind 0.0.0.0:$PORT web:site"',
    "FastAPI": 'sh -c "exec uvicorn api.main:app --host 0.0.0.0 --port $PORT"',
    "Django": 'sh -c "exec gunicorn --bind 0.0.0.0:$PORT shop.wsgi"',
    "Express": "npm start",
    "Node.js": "node server.js",
    "Spring": 'sh -c "exec java -jar target/*.jar --server.port=$PORT"',
    "Go": "./main",
    "Rails": 'sh -c "exec bundle exec rails server --binding 0.0.0.0 --port $PORT"',
}
BUILDS = {
    "Express": ("npm ci", "npm run build"),
    "Node.js": ("npm install",),
    "Spring": ("./mvnw -q package",),
}


@pytest.mark.parametrize("kind", PROJECTS)
def test_a_detected_project_gets_a_valid_file_with_reasons(tmp_path: Path, kind: str) -> None:
    for name, text in PROJECTS[kind].items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = detect(tmp_path)
    assert found is not None
    assert found.kind == kind
    config = read_config(found.text())
    assert config.run.command == COMMANDS[kind]
    assert config.build.commands.build == BUILDS.get(kind, config.build.commands.build)
    assert sum(line.lstrip().startswith("#") for line in found.text().splitlines()) >= 5


def test_a_server_that_the_project_does_not_name_is_installed_with_it(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flask\n", encoding="utf-8")
    found = detect(tmp_path)
    assert found is not None
    assert [command for command, _ in found.pre_run] == ["pip3 install -r requirements.txt gunicorn"]


def test_an_unknown_kind_of_folder_is_not_detected(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("[1, 2", encoding="utf-8")
    assert detect(tmp_path) is None


def found_in(folder: Path, files: dict[str, str]) -> DetectedProject:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    found = detect(folder)
    assert found is not None
    read_config(found.text())
    return found


def package(**more: object) -> str:
    return json.dumps({"dependencies": {"express": "4"}, **more})


FLASK = {"requirements.txt": "flask\n"}
SPRING = "<artifactId>spring-boot-starter-web</artifactId>"


@pytest.mark.case("P18")
@pytest.mark.parametrize(
    ("files", "runtime"),
    [
        ({"package.json": package(engines={"node": "18.x"})}, "nodejs18"),
        ({"package.json": package(engines={"node": ">=18"})}, "nodejs22"),
        ({"package.json": package(engines={"node": "^16.13.0"})}, "nodejs16"),
        ({"package.json": package(engines={"node": "20.x"})}, "nodejs22"),
        ({"package.json": package(engines={"node": "lts/*"}), ".nvmrc": "v18.19.0\n"}, "nodejs18"),
        ({"package.json": package(), ".node-version": "14\n"}, "nodejs14"),
        ({"package.json": package(engines=3)}, "nodejs22"),
        (FLASK, "python311"),
        (FLASK | {".python-version": "3.8.16\n"}, "python3"),
        (FLASK | {"runtime.txt": "python-3.11.4\n"}, "python311"),
        (FLASK | {"pyproject.toml": '[project]\nrequires-python = ">=3.8,<3.11"\n'}, "python3"),
        (FLASK | {"pyproject.toml": '[project]\nrequires-python = "~=3.8"\n'}, "python311"),
        (FLASK | {"Pipfile": '[requires]\npython_version = "3.7"\n'}, "python3"),
        (FLASK | {".python-version": "3.13\n"}, "python311"),
        ({"pom.xml": SPRING + "<java.version>1.8</java.version>"}, "corretto8"),
        ({"pom.xml": SPRING + "<java.version>17</java.version>"}, "corretto11"),
        ({"build.gradle": "spring; sourceCompatibility = '1.8'"}, "corretto8"),
        ({"build.gradle.kts": "spring; languageVersion = JavaLanguageVersion.of(11)"}, "corretto11"),
        ({"go.mod": "module shop\n\ngo 1.18\n"}, "go1"),
        ({"Gemfile": "ruby '3.1.2'\ngem 'rails'\n"}, "ruby31"),
    ],
)
def test_the_runtime_is_the_one_that_the_project_asks_for(tmp_path: Path, files: dict[str, str], runtime: str) -> None:
    assert found_in(tmp_path, files).choice.runtime.file_name == runtime


@pytest.mark.case("P18")
@pytest.mark.parametrize(
    ("files", "note"),
    [
        (
            {"package.json": package(engines={"node": "20.x"})},
            "package.json (engines.node) asks for Node.js 20.x; App Runner has Node.js 22, Node.js 18, ",
        ),
        (FLASK | {".python-version": "3.13\n"}, ".python-version asks for Python 3.13.x; App Runner has Python 3.11, "),
        ({"go.mod": "go 1.21\n"}, "go.mod asks for Go >=1.21; App Runner has Go 1.18 only."),
        (
            {"Gemfile": "ruby '~> 3.2.0'\ngem 'rails'\n"},
            "Gemfile asks for Ruby >=3.2.0 <3.3.0; App Runner has Ruby 3.1",
        ),
        (
            {"pom.xml": SPRING + "<java.version>17</java.version>"},
            "pom.xml asks for Java 17; App Runner has Java 11, ",
        ),
        ({"package.json": package(engines={"node": "18"})}, "support of nodejs18 ended on 2025-12-01"),
    ],
)
def test_a_version_without_a_runtime_is_noted_in_the_file(tmp_path: Path, files: dict[str, str], note: str) -> None:
    found = found_in(tmp_path, files)
    assert any(note in each for each in found.choice.notes)
    assert f"# {found.choice.notes[0]}" in found.text()


@pytest.mark.case("P18")
@pytest.mark.parametrize("settings", ["shop/settings.py", "shop/settings/production.py"])
def test_static_files_of_django_are_collected(tmp_path: Path, settings: str) -> None:
    found = found_in(tmp_path, PROJECTS["Django"] | {settings: "STATIC_ROOT = BASE_DIR / 'static'\n"})
    assert [command for command, _ in found.pre_run] == [
        "pip3 install -r requirements.txt",
        "python3 manage.py collectstatic --noinput",
    ]
    assert "whitenoise" in found.pre_run[1][1]


@pytest.mark.case("P18")
def test_an_original_python_build_installs_and_collects_in_its_build_commands(tmp_path: Path) -> None:
    files = {"shop/settings.py": "STATIC_ROOT = 'x'\n", ".python-version": "3.8\n"}
    found = found_in(tmp_path, PROJECTS["Django"] | files)
    assert found.pre_run == ()
    assert [command for command, _ in found.build] == [
        "pip3 install -r requirements.txt",
        "python3 manage.py collectstatic --noinput",
    ]


@pytest.mark.case("R6")
@pytest.mark.parametrize(
    ("name", "text", "more"),
    [
        ("pyproject.toml", "\n" * 260_000, {"requirements.txt": "flask\n"}),
        (".python-version", "\n" * 260_000, {"requirements.txt": "flask\n"}),
        ("Pipfile", "\t\n" * 130_000, {"requirements.txt": "flask\n"}),
        ("shop/settings.py", "\n" * 260_000, {}),
        ("Gemfile", "gem 'rails'\nruby" + " " * 260_000, {"config.ru": "run Shop\n"}),
    ],
)
def test_long_blanks_in_a_project_file_take_linear_time(
    tmp_path: Path, name: str, text: str, more: dict[str, str]
) -> None:
    """Each of these took minutes to hours: as many attempts as blanks, each of which read all following blanks."""
    files = more | {name: text}
    if name == "shop/settings.py":
        files |= {"requirements.txt": "django\n", "manage.py": "'DJANGO_SETTINGS_MODULE', 'shop.settings'\n"}
    for each, content in files.items():
        (tmp_path / each).parent.mkdir(exist_ok=True)
        (tmp_path / each).write_text(content, encoding="utf-8")
    found = detect(tmp_path)
    assert found is not None
    assert "collectstatic" not in found.text()
