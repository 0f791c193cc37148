"""The tenants of a request follow from who asks, what is named, and what is wanted; every case of it in one table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.access.policy import allowed_tenants
from ingest.access.types import SCOPES_OF_ROLE, Principal, Role, Scope
from ingest.profiles.reasons import Reason, Rejection

READ, ALL = frozenset({Scope.QUERY}), frozenset(Scope)
NOBODY = Principal("nobody")
READER = Principal("reader", {"a": READ})
OF_TWO = Principal("of two", {"b": READ, "a": ALL})
CHOSEN = Principal("of two", {"b": READ, "a": ALL}, chosen_tenant="b")
OPERATOR = Principal("operator", is_operator=True)
STAFF = Principal("staff", is_staff=True)


@pytest.mark.parametrize(
    ("principal", "named", "scope", "outcome"),
    [
        pytest.param(READER, (), Scope.QUERY, ("a",), id="the only tenant needs no name"),
        pytest.param(READER, ("a",), Scope.QUERY, ("a",), id="it may be named"),
        pytest.param(READER, ("b",), Scope.QUERY, Reason.FORBIDDEN, id="another may not"),
        pytest.param(READER, ("a", "b"), Scope.QUERY, Reason.FORBIDDEN, id="nor together with the own"),
        pytest.param(READER, ("a",), Scope.PUSH, Reason.FORBIDDEN, id="a reader does not push"),
        pytest.param(READER, (), Scope.PUSH, Reason.FORBIDDEN, id="and has no tenant to push to"),
        pytest.param(OF_TWO, ("a", "b"), Scope.QUERY, ("a", "b"), id="several that are granted each"),
        pytest.param(OF_TWO, (), Scope.QUERY, Reason.MISSING_TENANT, id="of several one has to be named"),
        pytest.param(OF_TWO, (), Scope.PUSH, ("a",), id="unless only one is granted for this"),
        pytest.param(CHOSEN, (), Scope.QUERY, ("b",), id="the one the session chose"),
        pytest.param(CHOSEN, (), Scope.PUSH, ("a",), id="which counts only where it is granted"),
        pytest.param(CHOSEN, ("a",), Scope.QUERY, ("a",), id="and gives way to a name"),
        pytest.param(OPERATOR, ("z",), Scope.ADMIN, ("z",), id="an operator may do everything"),
        pytest.param(OPERATOR, (), Scope.QUERY, Reason.MISSING_TENANT, id="with a tenant it has to name"),
        pytest.param(STAFF, ("a",), Scope.QUERY, Reason.FORBIDDEN, id="staff reads no data by that alone"),
        pytest.param(NOBODY, ("a",), Scope.QUERY, Reason.FORBIDDEN, id="nothing is granted"),
        pytest.param(NOBODY, (), Scope.QUERY, Reason.FORBIDDEN, id="and nothing to choose from"),
    ],
)
def test_a_case_of_the_table(
    principal: Principal, named: tuple[str, ...], scope: Scope, outcome: tuple[str, ...] | Reason
) -> None:
    found = allowed_tenants(principal, named, scope)
    assert (found.reason if isinstance(found, Rejection) else found) == outcome


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.MEMBER, {Scope.QUERY}),
        (Role.PUSHER, {Scope.QUERY, Scope.PUSH}),
        (Role.ADMIN, {Scope.QUERY, Scope.PUSH, Scope.ADMIN}),
    ],
)
def test_a_role_is_a_set_of_scopes(role: Role, scopes: set[Scope]) -> None:
    assert SCOPES_OF_ROLE[role] == scopes


tenants = st.sampled_from("abc")
principals = st.builds(
    Principal,
    st.just("somebody"),
    st.dictionaries(tenants, st.frozensets(st.sampled_from(list(Scope)))),
    is_operator=st.booleans(),
    is_staff=st.booleans(),
    chosen_tenant=st.sampled_from(["", "a", "b"]),
)


@given(principals, st.lists(tenants, max_size=3, unique=True), st.sampled_from(list(Scope)))
def test_whatever_is_allowed_is_granted_tenant_by_tenant(principal: Principal, named: list[str], scope: Scope) -> None:
    found = allowed_tenants(principal, tuple(named), scope)
    if isinstance(found, Rejection):
        return
    assert found
    assert not named or found == tuple(named)
    for tenant in found:
        assert principal.is_operator or scope in principal.grants[tenant]


@given(st.sampled_from(list(Scope)), st.sampled_from(["b", "there-is-no-such-tenant"]))
def test_a_refusal_does_not_tell_whether_a_tenant_exists(scope: Scope, tenant: str) -> None:
    found = allowed_tenants(READER, (tenant,), scope)
    assert isinstance(found, Rejection)
    assert found.message.replace(tenant, "X") == f"reader may not {_verb(scope)} tenant X."


def _verb(scope: Scope) -> str:
    return {Scope.PUSH: "push to", Scope.QUERY: "query", Scope.ADMIN: "administer"}[scope]
