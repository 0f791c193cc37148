"""A series that a person writes down, as a selector names it: ``process_cpu{service_name="web", pod="web-1"}``."""

from __future__ import annotations

from ingest.profiles.columns import Labels
from ingest.profiles.labels import ROW_LABELS, sort_labels, validate_labels, without_directives
from ingest.profiles.limits import Limits
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.selector import parse_selector


def parse_series(text: str, limits: Limits) -> Labels | Rejection:
    """Return the labels a series is placed by, as they are once a tenant's rules have been applied.

    Every label has to be named with its value, for all of them decide where a series lies. Labels that only the server
    adds to a stored series, such as ``__profile_type__``, are left out: a series may be pasted as it was listed.
    """
    matchers = parse_selector(text)
    if isinstance(matchers, Rejection):
        return matchers
    for matcher in matchers:
        if matcher.op != "=":
            return Rejection(
                Reason.BAD_SELECTOR,
                f"{matcher.name}{matcher.op} may mean many series: one is named by all its labels, each with =",
            )
    labels = sort_labels((one.name, one.value) for one in matchers if one.value and one.name not in ROW_LABELS)
    stored = without_directives(labels)
    return validate_labels(stored, limits) or stored
