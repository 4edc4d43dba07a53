"""The application of `flask-gunicorn.yaml`: a Flask shop whose pages compute a little and wait for a database."""  # noqa: INP001 - an application to run, not a module to import

from __future__ import annotations

import time

from flask import Flask, request

app = Flask(__name__)
CPU_S = 0.002


@app.get("/")
def index() -> str:
    """Computes for 2 ms, then waits as long as `?io_ms=` says."""
    until_s = time.thread_time() + CPU_S
    while time.thread_time() < until_s:
        pass
    time.sleep(min(float(request.args.get("io_ms", 0)), 10_000) / 1000)  # noqa: TID251 an application's thread may
    return "Welcome to the shop.\n"


@app.get("/health")
def health() -> str:
    return "well\n"
