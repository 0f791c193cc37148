"""Roles of users in the relational database; every change leaves a line of the audit log in its transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ingest.access.types import SCOPES_OF_ROLE, AccessAction, Principal, Role
from ingest.adapters.orm_audit import record_access
from ingest.administration.types import Actor
from ingest.models import Membership


def principal_of_user(user: Any, chosen_tenant: str = "") -> Principal:
    """Return what a user may do, in one query. Raises django.db.DatabaseError.

    A superuser may do everything; a staff user may look at the installation and act on the ring, and reads the data of
    tenants by roles like everybody else.
    """
    roles = Membership.objects.filter(user=user).values_list("tenant", "role")
    return Principal(
        user.get_username(),
        {tenant: SCOPES_OF_ROLE[Role(role)] for tenant, role in roles if role in set(Role)},
        is_operator=user.is_superuser,
        is_staff=user.is_staff or user.is_superuser,
        chosen_tenant=chosen_tenant,
    )


def save_membership(membership: Membership, actor: Actor) -> None:
    """Write a role, new or changed. Raises django.db.DatabaseError."""
    action = AccessAction.GRANT_ROLE if membership.pk is None else AccessAction.CHANGE_ROLE
    with transaction.atomic():
        membership.save()
        record_access(actor, action, membership.tenant, f"{membership.user} is {membership.role}")


def delete_membership(membership: Membership, actor: Actor) -> None:
    """Take a role away. Raises django.db.DatabaseError."""
    with transaction.atomic():
        record_access(
            actor, AccessAction.REMOVE_ROLE, membership.tenant, f"{membership.user} is no longer {membership.role}"
        )
        membership.delete()
