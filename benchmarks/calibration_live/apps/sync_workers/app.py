"""A price service on Flask with gunicorn's sync workers: a price computes and asks a supplier, a list only asks."""

from __future__ import annotations

import hashlib
import random
import time

from flask import Flask

app = Flask(__name__)
chance = random.Random(11)


def checksum(rounds: int) -> str:
    digest = b"price"
    for _ in range(rounds):
        digest = hashlib.sha256(digest).digest()
    return digest.hex()


@app.get("/price/<int:article>")
def price(article: int) -> dict[str, object]:
    """Computes for about 4 ms, then waits for the supplier, 25 ms give or take a few."""
    signature = checksum(9_000)
    time.sleep(chance.lognormvariate(-3.7, 0.2))
    return {"article": article, "cents": 1_999, "signature": signature}


@app.get("/list")
def articles() -> dict[str, object]:
    """Waits for a longer answer of the supplier, 60 ms."""
    time.sleep(chance.lognormvariate(-2.8, 0.1))
    return {"articles": list(range(200))}


@app.get("/health")
def health() -> str:
    return "well\n"
