"""A statistics service on Flask with a thread that computes a summary twice a second, beside the requests."""

from __future__ import annotations

import random
import threading
import time

from flask import Flask

app = Flask(__name__)
chance = random.Random(18)
summary = 0


def summarise() -> None:
    """Compute for about 100 ms every half second."""
    global summary
    due_s = time.monotonic()
    while True:
        due_s += 0.5
        time.sleep(max(0.0, due_s - time.monotonic()))
        total = 0
        for number in range(1_200_000):
            total += number & 7
        summary = total


threading.Thread(target=summarise, daemon=True).start()


@app.get("/today")
def today() -> dict[str, object]:
    """Computes for about 8 ms, then waits for 20 ms."""
    total = sum(number * number % 7 for number in range(100_000))
    time.sleep(chance.lognormvariate(-3.9, 0.2))
    return {"total": total, "summary": summary}


@app.get("/health")
def health() -> str:
    return "well\n"
