"""The description of a format: how its files are recognised, how they are read, and what their values mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulator.ingest.blocks import Block, Reading
from simulator.ingest.input_file import InputFile


@dataclass(frozen=True, slots=True)
class Format:
    """A format of recorded traffic.

    `terms`: source, licence and citation of a public dataset; empty for the files of a program. `recognises` decides
    by the first bytes of a file, its name does not matter. `blocks` reads the whole file in order; it may be called
    twice. `stamps_s` is the resolution of the times of its requests in seconds (0: a millisecond or
    better, or counts). `has_functions`: its files
    have the requests of many functions or applications, of which a user chooses. `kept`, `guessed` and `dropped` are
    sentences for the summary of every import.
    """

    name: str
    title: str
    recognises: Callable[[InputFile], bool]
    blocks: Callable[[InputFile, Reading], Iterator[Block]]
    terms: str = ""
    stamps_s: float = 0.0
    has_functions: bool = True
    kept: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
