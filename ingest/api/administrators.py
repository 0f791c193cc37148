"""Who may act on the ring: staff users of this site, and whoever holds the token of the administration.

This is asked whether access control is on or off; :mod:`ingest.api.credentials` says what counts as credentials.
"""

from __future__ import annotations

from django.http import HttpRequest

from ingest.access.types import Principal
from ingest.administration.types import Actor
from ingest.api.credentials import actor_of, principal_of, tell_denial
from ingest.profiles.reasons import Reason, Rejection


def administrator_of(request: HttpRequest) -> Actor | Rejection:
    """Return who acts, or why nobody may: ``unauthenticated`` for no or wrong credentials, ``forbidden`` for others."""
    principal = principal_of(request)
    if isinstance(principal, Rejection):
        tell_denial(request, principal)
        return principal
    rejection = staff_refusal(principal)
    if rejection is not None:
        tell_denial(request, rejection, principal.name)
        return rejection
    return actor_of(request, principal.name)


def staff_refusal(principal: Principal) -> Rejection | None:
    """Return why the principal may not look at the installation and act on the ring; None for one who may."""
    if principal.is_staff:
        return None
    return Rejection(Reason.FORBIDDEN, f"{principal.name} is not a staff user of this site.")
