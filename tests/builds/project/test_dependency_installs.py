from __future__ import annotations

import json

import pytest

from simulator.builds.project.dependency_installs import Install, install_of

FILES = {
    "requirements.txt": (
        "flask==3.0  # web\n-r more/base.txt\n--extra-index-url https://x/y\n"
        "uvicorn[standard]>=0.20 ; python_version>'3.8'\n"
    ),
    "more/base.txt": "-c limits.txt\nnumpy\n",
    "more/limits.txt": "numpy<3\n",
    "editable.txt": "-e .\n",
    "path.txt": "./vendor/thing\n",
    "wheel.txt": "thing.whl\n",
    "git.txt": "git+https://github.com/a/b\n",
    "out.txt": "-r ../other.txt\n",
    "package.json": json.dumps({"dependencies": {"a": "1"}, "scripts": {"build": "x"}}),
    "Gemfile": "source 'https://rubygems.org'\ngem 'rails'\n",
    "go.mod": "module shop\n",
}
NPM = ("package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc")


def read(name: str) -> str:
    return FILES.get(name, "")


@pytest.mark.case("P28")
@pytest.mark.parametrize(
    ("command", "install"),
    [
        ("pip3 install -r requirements.txt", Install(("requirements.txt", "more/base.txt", "more/limits.txt"))),
        ("python3 -m pip install --no-cache-dir 'flask>=2' gunicorn", Install()),
        (
            "pip install -U pip && pip3.11 install --requirement=more/base.txt",
            Install(("more/base.txt", "more/limits.txt")),
        ),
        ("npm ci --omit=dev", Install(NPM, ("node_modules",))),
        ("npm install", Install(NPM, ("node_modules", "package-lock.json"))),
        ("bundle install", Install(("Gemfile", "Gemfile.lock", ".ruby-version"), ("Gemfile.lock",))),
        ("go mod download", Install(("go.mod", "go.sum"))),
    ],
)
def test_an_installation_depends_on_its_manifest_files(command: str, install: Install) -> None:
    assert install_of(command, read) == install


@pytest.mark.case("P28")
@pytest.mark.parametrize(
    "command",
    [
        "make",
        "pip install .",
        "pip install -e .",
        "pip install ./vendor",
        "pip install vendor/thing.whl",
        "pip install -t vendor flask",
        "pip install -r missing.txt",
        *(f"pip install -r {name}.txt" for name in ("editable", "path", "wheel", "git", "out")),
        "pip install $PACKAGES",
        "pip install flask > log",
        "pip install flask; make",
        "pip install flask && make",
        "pip install flask || true",
        "pip uninstall flask",
        "npm run build",
        "npm install left-pad",
        "npm ci --prefix other",
        "bundle install --path vendor",
        "go build",
        "",
        "'",
    ],
)
def test_a_command_that_may_read_other_files_is_not_an_installation(command: str) -> None:
    assert install_of(command, read) is None


@pytest.mark.case("P28")
@pytest.mark.parametrize(
    ("name", "text", "command"),
    [
        ("package.json", json.dumps({"scripts": {"postinstall": "node build.js"}}), "npm ci"),
        ("package.json", json.dumps({"dependencies": {"a": "file:../a"}}), "npm ci"),
        ("package.json", json.dumps({"workspaces": ["a"]}), "npm ci"),
        ("Gemfile", "gem 'a', path: 'vendor/a'\n", "bundle install"),
        ("go.mod", "module shop\nreplace a => ./a\n", "go mod download"),
    ],
)
def test_a_manifest_that_refers_into_the_project_is_not_an_installation(name: str, text: str, command: str) -> None:
    assert install_of(command, lambda asked: text if asked == name else "") is None
