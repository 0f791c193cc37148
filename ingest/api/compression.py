"""Compressing answers for clients that ask for it.

gzip is what every client takes. Level 1 of ISA-L packs the 7 MB of JSON of a flame graph of 200 000 nodes in 12 to
18 ms, where level 1 of zlib takes four times and its default ten times as long; the results differ by a few percent.
Never the middleware, which knows no such thing.
"""

from __future__ import annotations

from django.http import HttpResponse
from isal import isal_zlib

#: Answers below this fit one packet anyway.
MIN_BYTES = 1400

_LEVEL = 1
_GZIP_WINDOW = 31


def offers_gzip(accept_encoding: str) -> bool:
    """Whether an ``Accept-Encoding`` header names gzip with a weight above zero."""
    for part in accept_encoding.split(","):
        coding, _, parameters = part.partition(";")
        if coding.strip().lower() == "gzip":
            weight = parameters.replace(" ", "").lower()
            return not (weight.startswith("q=") and weight[2:].strip("0.") == "")
    return False


def compress(response: HttpResponse, accept_encoding: str) -> HttpResponse:
    """Gzip the content of ``response`` in place when that is wanted and worth it."""
    response["Vary"] = "Accept-Encoding"
    if len(response.content) >= MIN_BYTES and offers_gzip(accept_encoding):
        response.content = isal_zlib.compress(response.content, level=_LEVEL, wbits=_GZIP_WINDOW)
        response["Content-Encoding"] = "gzip"
    return response
