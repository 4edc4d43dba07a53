from __future__ import annotations

from pathlib import Path

import pytest

from simulator.builds.config_reading import read_config
from simulator.builds.starting_point import detect

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
def test_a_project_gets_a_file_that_is_right_and_says_why(tmp_path: Path, kind: str) -> None:
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


def test_a_folder_of_something_else_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("[1, 2", encoding="utf-8")
    assert detect(tmp_path) is None
