"""Labels the samples of a request with its view and route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from phlareweb.agent.process import sampler

_KEY = "_phlare_agent_labels"

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class AgentMiddleware:
    """The first middleware of a profiled project; ``phlareweb.agent`` puts it there by itself.

    Labels belong to threads. On an event loop many requests share one, so under ASGI samples carry none.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request, and take its labels from the thread that answered it."""
        one = sampler()
        if one is not None:
            one.ensure_started()
        if one is None or self._is_async:
            return self._get_response(request)
        with ExitStack() as labels:
            setattr(request, _KEY, labels)
            return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_arguments: Any) -> None:
        """Label the thread: the route is known from here on."""
        one, labels = sampler(), getattr(request, _KEY, None)
        if one is None or labels is None:
            return
        match = request.resolver_match
        labels.enter_context(
            one.labelled(
                {
                    "view": (match.view_name if match is not None else "") or _name_of(view),
                    "route": f"/{match.route}" if match is not None else "",
                }
            )
        )


def _name_of(view: Callable[..., Any]) -> str:
    shown = getattr(view, "view_class", view)
    return f"{getattr(shown, '__module__', '')}.{getattr(shown, '__qualname__', type(shown).__qualname__)}"
