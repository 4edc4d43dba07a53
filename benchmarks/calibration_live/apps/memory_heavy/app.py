"""A report service on Flask that holds 24 MB for each request while it computes and while it waits."""

from __future__ import annotations

import random
import time

from flask import Flask

app = Flask(__name__)
chance = random.Random(17)
MB = 1024 * 1024


@app.get("/report")
def report() -> dict[str, object]:
    """Fills a table, waits for its rows for about 40 ms, and sums it."""
    table = bytearray(b"\x01") * (24 * MB)
    time.sleep(chance.lognormvariate(-3.2, 0.2))
    return {"rows": len(table), "sum": sum(table[:: 4 * 1024])}


@app.get("/health")
def health() -> str:
    return "well\n"
