"""A folder lists the modules that it offers to others in its `__init__`; other folders import only those.

Tests are exempt, because they test internals.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import grimp
import pytest

import simulator

PACKAGE = Path(simulator.__file__).parent
NAME = "PUBLIC_MODULES"


def listed(init: Path) -> tuple[str, ...] | None:
    """Return the value of `PUBLIC_MODULES`; None without one: then all modules are private to the folder's package."""
    for statement in ast.parse(init.read_text(encoding="utf-8")).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == NAME:
                modules = ast.literal_eval(value)
                assert isinstance(modules, tuple), init
                return modules
    return None


def public_modules() -> dict[str, tuple[str, ...]]:
    """Return the folders with a list, by their names as packages."""
    lists = {init: listed(init) for init in sorted(PACKAGE.rglob("__init__.py")) if init.parent != PACKAGE}
    names = {init: ".".join(init.parent.relative_to(PACKAGE.parent).parts) for init in lists}
    return {names[init]: modules for init, modules in lists.items() if modules is not None}


@cache
def imports() -> frozenset[tuple[str, str]]:
    """Return (importer, imported) of each import between modules of the package."""
    graph = grimp.build_graph("simulator", cache_dir=None)
    return frozenset((name, other) for name in graph.modules for other in graph.find_modules_directly_imported_by(name))


def behind(lists: dict[str, tuple[str, ...]], found: frozenset[tuple[str, str]]) -> list[str]:
    """Return the imports of modules that their folders do not list."""
    return sorted(
        f"{importer} imports {imported}: use a listed module, or add {inside!r} to {NAME} of {folder}"
        for folder, modules in lists.items()
        for importer, imported in found
        if imported.startswith(f"{folder}.")
        and not f"{importer}.".startswith(f"{folder}.")
        and (inside := imported.removeprefix(f"{folder}.")) not in modules
        and not (PACKAGE.parent / Path(*imported.split(".")) / "__init__.py").exists()
    )


def test_other_folders_import_only_what_a_folder_lists() -> None:
    assert behind(public_modules(), imports()) == []


def test_every_package_has_a_list() -> None:
    packages = {f"simulator.{init.parent.name}" for init in PACKAGE.glob("*/__init__.py")}
    assert sorted(packages - set(public_modules())) == []


def test_a_list_names_modules_that_exist_each_once_in_order() -> None:
    for folder, modules in public_modules().items():
        place = PACKAGE.parent / Path(*folder.split("."))
        assert [name for name in modules if not (place / f"{name.replace('.', '/')}.py").is_file()] == [], folder
        assert list(modules) == sorted(set(modules)), folder


@pytest.mark.parametrize(
    ("importer", "imported", "message"),
    [
        ("simulator.cli.run", "simulator.fleet.pool.pool", None),
        ("simulator.fleet.ports", "simulator.fleet.pool.slots", None),
        ("simulator.fleet_b", "simulator.fleet.pool.slots", "add 'pool.slots' to PUBLIC_MODULES of simulator.fleet"),
        ("simulator.cli.run", "simulator.fleet.mixed", "simulator.cli.run imports simulator.fleet.mixed: use a listed"),
        ("simulator.cli.run", "simulator.fleet", None),
    ],
)
def test_an_import_of_an_unlisted_module_is_found(importer: str, imported: str, message: str | None) -> None:
    found = behind({"simulator.fleet": ("pool.pool",)}, frozenset({(importer, imported)}))
    assert (message is None and found == []) or (message is not None and message in found[0])
