"""Counts properties that make the package hard to read: `python -m tests.house.counts [TREE [TREE]] [--places TEXT]`.

Each TREE is a checkout, by default this one; two of them give a table that compares them. `--places` lists the places
of the rows with TEXT in their name in the last tree ("" for all). Files are read and never imported, so that older
checkouts can be counted. Names are compared as text; no types are inferred.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import grimp

Node = TypeVar("Node", bound=ast.AST)
HERE = Path(__file__).resolve()
FILES_MAX = 15  # in one folder, without `__init__`
LINES_MAX = 350
SCANNED = ("simulator", "docs", "scenarios", "README.md", "benchmarks", "tests")
SUFFIXES = {".py", ".md", ".yaml", ".html", ".js", ".css", ".j2"}
BEHIND_THE_PORT = re.compile(r"(?:Driver|Backend|Application)$")
SHEETS = ("app-runner", "ecs-express", "http-proxy", "policies", "validation-2", "validation")
NUMBER = r"[PV]?\d+(?:\.\d+)*[a-z]?"
# The current form, `facts [SHEET] SECTION`, and those of older checkouts.
CITATION = re.compile(
    rf"(?:\bfacts,? (?:(?P<sheet>{'|'.join(SHEETS)}|ECS Express) )?(?:case |row )?"
    rf"|\b(?P<file>{'|'.join(SHEETS)})\.md (?:row |case )?|\b(?P<bare>policies|validation) (?:case )?)"
    rf"(?P<places>{NUMBER}(?:(?:,| and) {NUMBER})*)(?![\w%])",
    re.IGNORECASE,
)


class Row(NamedTuple):
    """One figure of a tree, and the places that it counts."""

    name: str
    figure: int | str
    places: list[str]


class Words(NamedTuple):
    """The lists of tests/house/test_language.py."""

    banned: Mapping[str, str]
    prose: Mapping[str, str]
    allowed: tuple[tuple[str, str, str], ...]  # path, regular expression for the line, reason


class Module(NamedTuple):
    """A Python file of the package. `path` is relative to the checkout."""

    path: Path
    text: str
    tree: ast.Module

    def at(self, node: ast.expr | ast.stmt | ast.pattern, note: str) -> str:
        return f"{self.path}:{node.lineno}: {note}"


class Tree:
    """A checkout of the project."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @cached_property
    def modules(self) -> list[Module]:
        found = []
        for path in sorted((self.root / "simulator").rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            found.append(Module(path.relative_to(self.root), text, ast.parse(text)))
        return found

    @cached_property
    def tests(self) -> set[Path]:
        return {path.relative_to(self.root / "tests") for path in (self.root / "tests").rglob("test_*.py")}

    @cached_property
    def texts(self) -> dict[str, str]:
        """Return the content, by file, of everything that people read, without third-party files and this script."""
        found = {}
        for top in SCANNED:
            place = self.root / top
            for path in [place] if place.is_file() else sorted(place.rglob("*")):
                name = path.relative_to(self.root).as_posix()
                if path.suffix in SUFFIXES and not re.search(r"/vendor/|/data/|/house/counts\.py$", name):
                    found[name] = path.read_text(encoding="utf-8")
        return found

    @cached_property
    def settings(self) -> dict[str, Any]:
        return tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))

    def words(self) -> Words | None:
        path = self.root / "tests/house/test_language.py"
        if not path.exists():
            return None
        values = {}
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                values[node.targets[0].id] = node.value
        banned, prose, allowed = (ast.literal_eval(values[name]) for name in ("BANNED", "PROSE", "ALLOWED"))
        return Words(banned, prose, allowed)


@cache
def checkout(root: Path) -> Tree:
    """Return the checkout with that root, which is read once per process."""
    return Tree(root)


# --- layout ---------------------------------------------------------------------------------------------------------


def layout(tree: Tree) -> Iterator[Row]:
    folders: dict[str, int] = defaultdict(int)
    for module in tree.modules:
        folders[module.path.parent.as_posix()] += module.path.name != "__init__.py"
    crowded = [f"{name}: {count}" for name, count in sorted(folders.items()) if count > FILES_MAX]
    largest = max(folders, key=folders.__getitem__)
    yield Row("files in the largest folder", folders[largest], [largest])
    yield Row(f"folders of more than {FILES_MAX} files", len(crowded), crowded)
    sizes = {str(module.path): len(module.text.splitlines()) for module in tree.modules}
    yield _listed(
        f"files of more than {LINES_MAX} lines", [f"{path}: {n}" for path, n in sizes.items() if n > LINES_MAX]
    )
    yield Row("files", len(tree.modules), [])


def cycles(tree: Tree) -> Iterator[Row]:
    sys.path.insert(0, str(tree.root))
    try:
        whole = grimp.build_graph("simulator", cache_dir=None)
        at_run_time = grimp.build_graph("simulator", cache_dir=None, exclude_type_checking_imports=True)
    finally:
        sys.path.remove(str(tree.root))
    imports = {name: whole.find_modules_directly_imported_by(name) for name in whole.modules}
    run_imports = {name: at_run_time.find_modules_directly_imported_by(name) for name in at_run_time.modules}
    for name, graph in (("at run time", run_imports), ("with TYPE_CHECKING", imports)):
        yield _listed(f"import cycles of modules, {name}", knots(graph))
    yield _listed("import cycles of siblings, with TYPE_CHECKING", list(_sibling_knots(imports)))


def _sibling_knots(imports: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Yield the violations of the contract `acyclic_siblings` without its exceptions."""
    siblings: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for importer, all_imported in imports.items():
        for imported in all_imported:
            one, other = importer.split("."), imported.split(".")
            depth = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
            if depth is not None:
                siblings[".".join(one[:depth])][one[depth]].add(other[depth])
    for package, graph in sorted(siblings.items()):
        yield from (f"{package}: {knot}" for knot in knots(graph))


def knots(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the groups of nodes in which each node reaches every other."""
    reached = {node: _reachable(node, graph) for node in graph}
    groups = {frozenset(other for other in found if node in reached.get(other, ())) for node, found in reached.items()}
    return sorted(" <-> ".join(sorted(group)) for group in groups if len(group) > 1)


def _reachable(start: str, graph: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(graph.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found


# --- ports and dispatch ---------------------------------------------------------------------------------------------


def looks_behind_the_port(tree: Tree) -> Iterator[Row]:
    """Count `isinstance` and class patterns outside the modules that define drivers, backends and applications."""
    optional = {  # protocols of the fleet that are made to be checked for
        node.name
        for module in tree.modules
        if module.path.parts[1] == "fleet"
        for node in _of(module, ast.ClassDef)
        if any("runtime_checkable" in ast.unparse(each) for each in node.decorator_list)
    }

    def is_behind(name: str) -> bool:
        return name in optional or BEHIND_THE_PORT.search(name) is not None

    yield _listed(
        "isinstance on drivers, backends, applications",
        [
            module.at(node, ast.unparse(node))
            for module in tree.modules
            if module.path.parts[1] != "fleet"
            or not any(BEHIND_THE_PORT.search(node.name) for node in _of(module, ast.ClassDef))
            for node, classes in _type_tests(module)
            if any(is_behind(name) for name in classes)
        ],
    )


def _type_tests(module: Module) -> Iterator[tuple[ast.expr | ast.pattern, list[str]]]:
    for call in _of(module, ast.Call):
        if ast.unparse(call.func) == "isinstance":
            yield call, re.findall(r"\w+", ast.unparse(call.args[1]))
    for pattern in _of(module, ast.MatchClass):
        yield pattern, [ast.unparse(pattern.cls)]


def callbacks(tree: Tree) -> Iterator[Row]:
    """Count attributes with a function that code outside of their class sets: the last caller replaces the others.

    These are those called `on_*`, and public ones that a class annotates as Callable or sets to a lambda.
    """
    functions = {
        name for module in tree.modules for owner in _of(module, ast.ClassDef) for name in _function_attributes(owner)
    }
    assigned = [
        (module.at(target, ast.unparse(target)), target.attr)
        for module in tree.modules
        for target in _targets(module)
        if isinstance(target, ast.Attribute)
        and (target.attr.startswith("on_") or target.attr in functions)
        and ast.unparse(target.value) != "self"
    ]
    names = {name for _, name in assigned}
    held = [
        f"{module.path}: {owner.name}.{name}"
        for module in tree.modules
        for owner in _of(module, ast.ClassDef)
        for name in sorted(names & set(_attributes(owner)))
    ]
    yield _listed("single-slot callbacks", held)
    yield _listed("assignments to them from outside of their class", [place for place, _ in assigned])


def _function_attributes(owner: ast.ClassDef) -> Iterator[str]:
    """Yield the public attributes that are functions according to the text; a dataclass gets them at construction."""
    is_dataclass = any("dataclass" in ast.unparse(each) for each in owner.decorator_list)
    for node in ast.walk(owner):
        is_function = (isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation).startswith("Callable")) or (
            isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
        )
        for target in _assigned(node) if is_function else ():
            if isinstance(target, ast.Attribute) and not target.attr.startswith("_"):
                yield target.attr
            elif isinstance(target, ast.Name) and node in owner.body and not is_dataclass:
                yield target.id


def _targets(module: Module) -> Iterator[ast.expr]:
    for node in _of(module, ast.stmt):
        for target in _assigned(node):
            yield from target.elts if isinstance(target, ast.Tuple) else [target]


def _attributes(owner: ast.ClassDef) -> Iterator[str]:
    """Yield the fields that the class declares, and the attributes that its methods set."""
    for node in ast.walk(owner):
        for target in _assigned(node):
            if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                yield target.attr
            elif isinstance(target, ast.Name) and node in owner.body:
                yield target.id


def _assigned(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) else []


def dispatch(tree: Tree) -> Iterator[Row]:
    open_ones: dict[bool, list[str]] = {True: [], False: []}
    total = 0
    for module in tree.modules:
        for node in _of(module, ast.Match):
            total += 1
            if "assert_never(" not in ast.unparse(node.cases[-1]):
                open_ones[_is_over_kinds(node)].append(module.at(node, f"match {ast.unparse(node.subject)}"))
    yield Row("match statements", total, [])
    yield _listed("match over an enum or union without assert_never", open_ones[True])
    yield _listed("match over plain values without assert_never", open_ones[False])
    codes = tree.settings["tool"]["mypy"].get("enable_error_code", [])
    for code in ("exhaustive-match", "possibly-undefined"):
        yield Row(f"mypy's {code}", "on" if code in codes else "off", [])


def _is_over_kinds(statement: ast.Match) -> bool:
    """Return True if a case names a member of an enum or a class of the project."""
    patterns = [pattern for case in statement.cases for pattern in ast.walk(case.pattern)]
    return any(
        (isinstance(pattern, ast.MatchValue) and isinstance(pattern.value, ast.Attribute))
        or (isinstance(pattern, ast.MatchClass) and ast.unparse(pattern.cls)[0].isupper())
        for pattern in patterns
    )


# --- words, names, citations ----------------------------------------------------------------------------------------


def language(tree: Tree, words: Words | None) -> Iterator[Row]:
    if words is None:
        yield Row("banned words", "no list", [])
        return
    for name, listed in (("banned words", words.banned), ("figurative and archaic words", words.prose)):
        found = list(_uses(tree, listed, words.allowed))
        in_package = [place for place in found if place.startswith("simulator/")]
        yield _listed(f"{name}, in the package", in_package)
        yield _listed(f"{name}, everywhere", found)


def _uses(tree: Tree, listed: Mapping[str, str], allowed: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(listed)})(?![\w])", re.IGNORECASE)
    for name, text in tree.texts.items():
        uses = [use for where, use, _ in allowed if Path(name).match(where)]
        for number, line in _prose(text) if name.endswith(".py") else enumerate(text.split("\n"), 1):
            found = pattern.findall(line)
            if found and not any(re.search(use, line) for use in uses):
                yield from (f"{name}:{number}: {word}" for word in found)


def _prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, line) of the strings and comments of a Python file."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if tokenize.tok_name[token.type] in {"STRING", "FSTRING_MIDDLE", "COMMENT"}:
            for offset, line in enumerate(token.string.split("\n")):
                yield token.start[0] + offset, line


def names(tree: Tree) -> Iterator[Row]:
    homes: dict[str, list[str]] = defaultdict(list)
    for module in tree.modules:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(module.path))
    twice = [f"{name}: {', '.join(where)}" for name, where in sorted(homes.items()) if len(where) > 1]
    yield _listed("public class names of two or more modules", twice)


def citations(tree: Tree) -> Iterator[Row]:
    """Count citations. One resolves if docs/facts/SHEET.md has an anchor of the section's, row's or case's number."""
    anchors = {
        path.stem: set(re.findall(r"\{#([^ }]+)\}|<a id=\"([^\"]+)\">", path.read_text(encoding="utf-8")))
        for path in (tree.root / "docs/facts").glob("*.md")
    }
    known = {sheet: {one or other for one, other in found} for sheet, found in anchors.items()}
    total: list[str] = []
    dangling: list[str] = []
    for name, text in tree.texts.items():
        if name.startswith("docs/facts/"):
            continue
        for match in CITATION.finditer(re.sub(r"\s*\n\s*(?:#:? ?)?", " ", text)):
            sheet = (match["sheet"] or match["file"] or match["bare"] or SHEETS[0]).lower().replace(" ", "-")
            for place in re.findall(NUMBER, match["places"]):
                total.append(f"{name}: {sheet} {place}")
                if not {place, f"row-{place}", f"case-{place}"} & known.get(sheet, set()):
                    dangling.append(total[-1])
    for where, start in (("in the package", "simulator/"), ("everywhere", "")):
        yield Row(f"citations of facts, {where}", sum(place.startswith(start) for place in total), [])
        yield _listed(f"dangling citations, {where}", [place for place in dangling if place.startswith(start)])


# --- tests and docstrings -------------------------------------------------------------------------------------------


def tested(tree: Tree) -> Iterator[Row]:
    modules = [module.path for module in tree.modules if not module.path.name.startswith("__")]
    stems = {path.stem for path in tree.tests}
    elsewhere = [str(path) for path in modules if f"test_{path.stem}" not in stems]
    beside = [str(path) for path in modules if path.relative_to("simulator").with_name(_test(path)) not in tree.tests]
    for where, missing in (("anywhere", elsewhere), ("in the mirrored folder", beside)):
        share = 1 - len(missing) / len(modules)
        yield Row(f"modules with a test module of their name, {where}", f"{share:.0%}", missing)


def _test(path: Path) -> str:
    return f"test_{path.name}"


def docstrings(tree: Tree) -> Iterator[Row]:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    nodes = [node for module in tree.modules for node in ast.walk(module.tree) if isinstance(node, documented)]
    yield Row("docstrings", sum(ast.get_docstring(node, clean=False) is not None for node in nodes), [])


# --- the table ------------------------------------------------------------------------------------------------------

COUNTS: tuple[Callable[[Tree], Iterator[Row]], ...] = (
    layout,
    cycles,
    looks_behind_the_port,
    callbacks,
    dispatch,
    names,
    citations,
    tested,
    docstrings,
)


def _listed(name: str, places: list[str]) -> Row:
    return Row(name, len(places), places)


def _of(module: Module, kind: type[Node]) -> list[Node]:
    """Return the nodes of a kind, in the order of the text."""
    return [node for node in _in_order(module.tree) if isinstance(node, kind)]


@cache
def _in_order(tree: ast.Module) -> list[ast.AST]:
    return sorted(ast.walk(tree), key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0)))


def count(tree: Tree, words: Words | None) -> list[Row]:
    return [*(row for each in COUNTS for row in each(tree)), *language(tree, words)]


def table(columns: list[list[Row]], heads: list[str]) -> str:
    """Format one line per row, with the figures of the trees next to each other."""
    lines = [["", *heads]]
    lines += [[rows[0].name, *(str(row.figure) for row in rows)] for rows in zip(*columns, strict=True)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    )


def main(arguments: list[str]) -> str:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("trees", nargs="*", type=Path, metavar="TREE", default=[HERE.parents[2]])
    parser.add_argument("--places", metavar="TEXT", help="list what the rows with TEXT in their name count")
    options = parser.parse_args(arguments)
    trees = [Tree(path) for path in options.trees]
    # The newest list of words, for all trees, because an old tree has none or a shorter one.
    words = trees[-1].words() or Tree(HERE.parents[2]).words()
    columns = [count(tree, words) for tree in trees]
    parts = [table(columns, ["before", "after"] if len(trees) == 2 else [tree.root.name for tree in trees])]
    if options.places is not None:
        parts += [
            "\n".join([f"\n{row.name}: {row.figure}", *(f"  {place}" for place in row.places)])
            for row in columns[-1]
            if options.places in row.name and row.places
        ]
    return "\n".join(parts)


if __name__ == "__main__":
    print(main(sys.argv[1:]))  # noqa: T201 a command
