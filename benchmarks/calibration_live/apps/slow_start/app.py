"""A text classifier on Flask that reads its model when it starts: about two seconds of CPU time and one of waiting."""

from __future__ import annotations

import hashlib
import random
import time

from flask import Flask

app = Flask(__name__)
chance = random.Random(16)


def read_model() -> dict[str, float]:
    """Fetch the weights in five parts and unpack them."""
    weights: dict[str, float] = {}
    for part in range(5):
        time.sleep(0.2)
        for number in range(240_000):
            weights[f"{part}:{number}"] = (number * 7_919 % 10_007) / 10_007
    return weights


MODEL = read_model()
WORDS = list(MODEL)[:3_000]


@app.get("/classify")
def classify() -> dict[str, object]:
    """Looks up 3,000 words, several times, and stores the result, which takes 15 ms."""
    score = sum(MODEL[word] for _ in range(60) for word in WORDS)
    time.sleep(chance.lognormvariate(-4.2, 0.2))
    return {"score": score, "digest": hashlib.sha256(str(score).encode()).hexdigest()}


@app.get("/health")
def health() -> str:
    return "well\n"
