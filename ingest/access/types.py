"""Who asks, and what somebody may do with the data of a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """What a request wants to do with a tenant's data."""

    PUSH = "push"
    QUERY = "query"
    ADMIN = "admin"


class Role(StrEnum):
    """What a user of this site is to a tenant."""

    MEMBER = "member"
    PUSHER = "pusher"
    ADMIN = "admin"


#: What each role may do. A role is a set of scopes and nothing else.
SCOPES_OF_ROLE: Mapping[Role, frozenset[Scope]] = {
    Role.MEMBER: frozenset({Scope.QUERY}),
    Role.PUSHER: frozenset({Scope.QUERY, Scope.PUSH}),
    Role.ADMIN: frozenset(Scope),
}


class AccessAction(StrEnum):
    """What the audit log tells of, beside the actions on the ring."""

    CREATE_TOKEN = "create-token"
    CHANGE_TOKEN = "change-token"
    REVOKE_TOKEN = "revoke-token"
    GRANT_ROLE = "grant-role"
    CHANGE_ROLE = "change-role"
    REMOVE_ROLE = "remove-role"
    CREATE_USER = "create-user"
    CHANGE_USER = "change-user"
    DELETE_USER = "delete-user"
    CHANGE_GROUP = "change-group"
    CHANGE_SETTING = "change-setting"
    DELETE_BLOCKS = "delete-blocks"
    LOGIN_FAILED = "login-failed"
    DENIED = "denied"


#: What strangers can make happen as often as they like: kept in smaller number, so that it never displaces the rest.
BY_STRANGERS = frozenset({AccessAction.LOGIN_FAILED, AccessAction.DENIED})

#: What the system does by itself, day and night: kept apart for the same reason.
BY_ITSELF = frozenset({AccessAction.DELETE_BLOCKS})


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever the credentials of a request belong to."""

    name: str
    grants: Mapping[str, frozenset[Scope]] = field(default_factory=dict)  #: tenant -> what may be done with it
    is_operator: bool = False  #: may do everything with every tenant
    is_staff: bool = False  #: may look at the installation and act on the ring
    chosen_tenant: str = ""  #: the one a browser's session works with

    def may(self, tenant: str, scope: Scope) -> bool:
        """Whether the principal may do this with the tenant's data."""
        return self.is_operator or scope in self.grants.get(tenant, ())
