"""Two views that work and wait for as long as the address says."""

import os
import time

from django.http import HttpRequest, HttpResponse
from django.urls import path


def burn(seconds: float) -> None:
    """Keep a processor busy."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))


def wait(seconds: float) -> None:
    """Keep nothing busy."""
    time.sleep(seconds)


def cart(_request: HttpRequest, milliseconds: int) -> HttpResponse:
    """Work."""
    burn(milliseconds / 1000)
    return HttpResponse(str(os.getpid()))


def delivery(_request: HttpRequest, milliseconds: int) -> HttpResponse:
    """Wait."""
    wait(milliseconds / 1000)
    return HttpResponse(str(os.getpid()))


urlpatterns = [path("cart/<int:milliseconds>", cart, name="cart"), path("delivery/<int:milliseconds>", delivery)]
