"""A route that was added has a row in the table of who may use it; ``tests/django/access`` asks every row of it."""

from __future__ import annotations

from tests.django.access.routes import ROWS, methods_of, routes

HOW = "add a row to tests/django/access/routes.py that says whom the route is for"


def test_every_route_and_method_has_a_row() -> None:
    rows = {(row.route, row.method) for row in ROWS}
    known = {row.route for row in ROWS}
    for route, pattern in routes():
        assert route in known, f"{route or '/'}: {HOW}"
        for method in methods_of(pattern):
            if not route.startswith("^"):
                assert (route, method) in rows, f"{method} {route}: {HOW}"


def test_no_row_is_of_a_route_that_is_gone() -> None:
    existing = {route for route, _ in routes()}
    assert [row.route for row in ROWS if row.route not in existing and not row.route.startswith("admin/")] == []
