"""The checkout of a web shop, as a program to be profiled: three routes, work in each, a load that comes and goes.

Run by a Python that has pyroscope-io; it pushes to the address in the first argument. Version 1.5.0 forgets a cache of
tax rates, so that its flame graph can be told from that of 1.4.0.

    python app.py http://127.0.0.1:4141 --version 1.4.0 --seconds 82
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import re
import threading
import time
from collections.abc import Callable
from functools import cache

import pyroscope  # type: ignore[import-not-found, unused-ignore]

#: One turn of the load, from quiet to busy and back; the shares of a core the service uses at both.
CYCLE_SECONDS, QUIET, BUSY = 80.0, 0.1, 0.75

TaxRate = Callable[[int], int]

RATES = {f"country {number}": (number * 31) % 25 for number in range(30)}


def serve(version: str, stop: threading.Event) -> None:
    """Answer requests until told to stop."""
    rng = random.Random(17)
    started = time.monotonic()
    tax_rate = cached_tax_rate if version == "1.4.0" else load_tax_rate
    while not stop.is_set():
        began = time.monotonic()
        route = rng.choices(("/cart", "/checkout", "/search"), (5, 3, 2))[0]
        with pyroscope.tag_wrapper({"route": route}):
            {"/cart": show_cart, "/checkout": place_order, "/search": search_products}[route](rng, tax_rate)
        worked = time.monotonic() - began
        stop.wait(worked / load_at(began - started) - worked)


def load_at(seconds: float) -> float:
    """Return the share of a core in use at this time."""
    return QUIET + (BUSY - QUIET) * (0.5 - 0.5 * math.cos(2 * math.pi * seconds / CYCLE_SECONDS))


def show_cart(rng: random.Random, tax_rate: TaxRate) -> str:
    items = [{"sku": rng.randrange(10_000), "country": rng.randrange(30)} for _ in range(40)]
    return render_json({"items": items, "total": price_items(items, tax_rate)})


def place_order(rng: random.Random, tax_rate: TaxRate) -> str:
    cart = show_cart(rng, tax_rate)
    token = authorize_payment(cart)
    return render_json({"cart": cart, "token": token, "checks": check_fraud(cart, rng)})


def search_products(rng: random.Random, _tax_rate: TaxRate) -> str:
    query = "".join(rng.choices("abcdef", k=3))
    found = match_titles(query, rng)
    return render_json(rank_results(found, query))


def price_items(items: list[dict[str, int]], tax_rate: TaxRate) -> int:
    return sum((100 + item["sku"] % 900) * (100 + tax_rate(item["country"])) // 100 for item in items)


@cache
def cached_tax_rate(country: int) -> int:
    return load_tax_rate(country)


def load_tax_rate(country: int) -> int:
    rates: dict[str, int] = json.loads(json.dumps(RATES))
    return rates[f"country {country}"]


def authorize_payment(cart: str) -> str:
    digest = hashlib.pbkdf2_hmac("sha256", cart.encode(), b"terminal 7", 1500)
    return sign_request(digest)


def sign_request(digest: bytes) -> str:
    for _ in range(300):
        digest = hashlib.sha256(digest + b"key").digest()
    return digest.hex()


def check_fraud(cart: str, rng: random.Random) -> list[int]:
    scores = [score_rule(cart, rule) for rule in range(12)]
    return sorted(scores, key=lambda score: score + rng.random())


def score_rule(cart: str, rule: int) -> int:
    return sum(ord(letter) * rule for letter in cart[:400]) % 1000


def match_titles(query: str, rng: random.Random) -> list[str]:
    titles = ["".join(rng.choices("abcdef ", k=24)) for _ in range(120)]
    pattern = re.compile("|".join((query, query[::-1])))
    return [title for title in titles if pattern.search(title)]


def rank_results(titles: list[str], query: str) -> list[str]:
    return sorted(titles, key=lambda title: (-title.count(query[0]), edit_distance(title, query)))


def edit_distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def render_json(answer: object) -> str:
    return json.dumps(answer, sort_keys=True, indent=1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--version", default="1.4.0")
    parser.add_argument("--seconds", type=float, default=82)
    arguments = parser.parse_args()
    pyroscope.configure(
        application_name="checkout",
        server_address=arguments.server,
        sample_rate=100,
        tags={"version": arguments.version},
    )
    stop = threading.Event()
    worker = threading.Thread(target=serve, args=(arguments.version, stop), name="http-worker")
    worker.start()
    time.sleep(arguments.seconds)
    stop.set()
    worker.join()
    pyroscope.shutdown()


if __name__ == "__main__":
    main()
