"""The fuzzer of the balancer: `python -m tests.edge.fuzz --inputs 1000000 --seed 1`.

Feeds malformed requests and responses (malformed_messages.py) to a client connection with a gateway and an instance,
all without sockets, and checks the results (fuzz_checks.py). At the first input that violates a rule it exits with 1
and prints the bytes; if an input takes longer than a minute it prints a stack trace.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
from dataclasses import dataclass
from typing import Final

from simulator.world.clock import wall_s
from tests.edge.fuzz_checks import check_requests, check_response
from tests.edge.malformed_messages import Case, MalformedMessages

BATCH: Final = 1000
_HANG_S: Final = 60.0  # a batch takes about a second


@dataclass(slots=True)
class Tally:
    """The outcomes of the inputs. They show that not all inputs are rejected at their first byte."""

    inputs: int = 0
    forwarded: int = 0  # complete requests that reached the application
    passed: int = 0  # complete responses that reached the client


class Found(Exception):
    """An input that violates a rule."""

    def __init__(self, case: Case, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}\n{case!r}")


def run_batch(seed: int, batch: int, stats: Tally, inputs: int = BATCH) -> None:
    """Check `inputs` cases, two thirds of which are requests.

    Raises:
        Found: for the first case that violates a rule.
    """
    messages = MalformedMessages(seed, batch)
    for number in range(inputs):
        is_answer = number % 3 == 2
        case = messages.answer() if is_answer else messages.requests()
        try:
            if is_answer:
                stats.passed += check_response(case)
            else:
                stats.forwarded += check_requests(case)
        except Exception as error:
            raise Found(case, error) from error
        stats.inputs += 1


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    stats = Tally()
    began_s = wall_s()
    while stats.inputs < options.inputs:
        faulthandler.dump_traceback_later(_HANG_S, exit=True)
        try:
            run_batch(options.seed, stats.inputs // BATCH, stats, min(BATCH, options.inputs - stats.inputs))
        except Found as found:
            print(f"after {stats.inputs} inputs: {found}", file=sys.stderr)  # noqa: T201 a command
            return 1
        finally:
            faulthandler.cancel_dump_traceback_later()
    took_s = wall_s() - began_s
    print(  # noqa: T201 a command
        f"{stats.inputs} inputs in {took_s:.1f} s, {stats.inputs / took_s:.0f} inputs/s: "
        f"{stats.forwarded} whole requests forwarded, {stats.passed} whole answers passed, nothing found"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
