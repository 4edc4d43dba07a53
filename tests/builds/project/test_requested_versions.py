"""The runtime that a project's own files request."""

from __future__ import annotations

import pytest

from simulator.builds.project.requested_versions import choose
from simulator.builds.runtimes import Language


def chosen(language: Language, **files: str) -> tuple[str, int]:
    choice = choose(language, lambda name: files.get(name.lstrip(".").replace(".", "_").replace("-", "_"), ""))
    return choice.runtime.name, len(choice.notes)


@pytest.mark.parametrize(
    ("language", "files", "runtime"),
    [
        (Language.PYTHON, {}, "PYTHON_311"),
        (Language.PYTHON, {"python_version": "3.11.4\n"}, "PYTHON_311"),
        (Language.NODE, {}, "NODEJS_22"),
        (Language.NODE, {"package_json": '{"engines": {"node": "^18.1"}}'}, "NODEJS_18"),
        (Language.NODE, {"package_json": '{"engines": {"node": ">=16"}}'}, "NODEJS_22"),
        (Language.JAVA, {"pom_xml": "<java.version>1.8</java.version>"}, "CORRETTO_8"),
        (Language.JAVA, {"build_gradle": "sourceCompatibility = '11'"}, "CORRETTO_11"),
        (Language.RUBY, {"Gemfile": 'ruby "3.1.2"\n'}, "RUBY_31"),
        (Language.GO, {"go_mod": "module a\n\ngo 1.18\n"}, "GO_1"),
    ],
)
def test_the_newest_runtime_that_fits_is_chosen(language: Language, files: dict[str, str], runtime: str) -> None:
    assert chosen(language, **files)[0] == runtime


def test_a_version_without_a_runtime_is_noted_with_what_there_is() -> None:
    choice = choose(Language.PYTHON, lambda name: "3.14\n" if name == ".python-version" else "")
    assert choice.runtime.name == "PYTHON_311"
    assert any("asks for Python 3.14" in note and "Python 3.11" in note for note in choice.notes)


def test_a_runtime_past_its_end_of_support_is_noted() -> None:
    choice = choose(Language.NODE, lambda name: '{"engines": {"node": "14"}}' if name == "package.json" else "")
    assert choice.runtime.name == "NODEJS_14"
    assert any("support of nodejs14 ended on" in note for note in choice.notes)
