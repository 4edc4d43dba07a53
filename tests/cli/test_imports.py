"""Garbage collection is disabled only during imports, and stays disabled if it was before."""

import gc
import sys
from importlib import import_module

import pytest

from simulator.cli.imports import without_collections


def test_collection_is_on_again_after_an_import_that_fails() -> None:
    assert gc.isenabled()
    with pytest.raises(ImportError), without_collections():
        import_module("simulator.no_such_module")
    assert gc.isenabled()


def test_collection_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with without_collections():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_collection_is_off_during_an_import() -> None:
    with without_collections():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_is_imported_without_collections_is_not_visited_by_later_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[bool] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(gc.isenabled()))
    with without_collections():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert frozen == []  # nothing was imported for the first time
    with without_collections():
        monkeypatch.setitem(sys.modules, "a_new_module", gc)
    assert frozen == [False]  # while it is still disabled
