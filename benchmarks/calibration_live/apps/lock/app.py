"""A stock service on Flask whose threads change the stock one after another: a lock is held during computing and a
write."""

from __future__ import annotations

import random
import threading
import time

from flask import Flask

app = Flask(__name__)
chance = random.Random(22)
stock_lock = threading.Lock()
stock = 1_000_000


@app.post("/reserve")
def reserve() -> dict[str, object]:
    """Asks another service for about 30 ms, then holds the lock for about 12 ms."""
    global stock
    time.sleep(chance.lognormvariate(-3.5, 0.2))
    with stock_lock:
        checked = sum(number % 13 for number in range(20_000))
        time.sleep(chance.lognormvariate(-4.6, 0.15))
        stock -= 1
    return {"left": stock, "checked": checked}


@app.get("/stock")
def current() -> dict[str, object]:
    """Reads without the lock."""
    time.sleep(chance.lognormvariate(-4.2, 0.2))
    return {"left": stock}


@app.get("/health")
def health() -> str:
    return "well\n"
