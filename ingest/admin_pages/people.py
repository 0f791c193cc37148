"""Users, their roles in tenants, and groups in the admin. Every change is in the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from ingest.access.types import AccessAction
from ingest.adapters.membership_records import delete_membership, save_membership
from ingest.adapters.orm_audit import record_access
from ingest.admin_pages.base import TakesEffect, actor_of
from ingest.admin_pages.filters import TenantNameFilter
from ingest.models import Membership

#: What each page of the admin asks its visitors for. Other permissions of Django open nothing here.
USEFUL_PERMISSIONS = frozenset(
    f"{verb}_{model}"
    for model, verbs in {
        "tenant": ("view", "add", "change", "delete"),
        "apitoken": ("view", "add", "change"),
        "membership": ("view", "add", "change", "delete"),
        "user": ("view", "add", "change", "delete"),
        "group": ("view",),
        "blockrecord": ("view",),
        "auditentry": ("view",),
        "tenantchange": ("view",),
    }.items()
    for verb in verbs
)


class RolesOfUser(TabularInline):
    """The roles of one user, on the page of the user."""

    model = Membership
    extra = 0
    fields = ("tenant", "role")
    verbose_name = "role"
    verbose_name_plural = "Roles in tenants"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Name each field: in a row of the table it has a column and no label."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in self.fields:
            field.widget.attrs["aria-label"] = str(db_field.verbose_name).capitalize()
        return field


class OperatorUserAdmin(UserAdmin, TakesEffect):
    """Users of this site. Roles give the data of tenants; staff and permissions give pages of the admin.

    Only a superuser changes what makes a user more than others: nobody can give what they do not have.
    """

    takes_effect = "What is saved is in force at the user's next request. A new password ends the user's sessions."
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = (RolesOfUser,)
    filter_horizontal = ()
    list_display = ("username", "name", "roles", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    list_per_page = 50
    search_fields = ("username", "first_name", "last_name")
    compressed_fields = False
    #: Without an address of mail: nothing here sends any.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Name", {"fields": ("first_name", "last_name")}),
        ("What the user may do", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    for_superusers = ("is_staff", "is_superuser", "groups", "user_permissions")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Return users with their roles."""
        return super().get_queryset(request).prefetch_related("memberships")

    @display(description="name")
    def name(self, user: Any) -> str:
        """Return the full name."""
        return str(user.get_full_name())

    @display(description="roles")
    def roles(self, user: Any) -> str:
        """Return the roles, in one line."""
        return ", ".join(f"{membership.role} of {membership.tenant}" for membership in user.memberships.all())

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What only superusers give is only shown to others."""
        shown = ("last_login", "date_joined")
        return shown if _is_superuser(request) else (*shown, *self.for_superusers)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever could set the password of a user can be that user: staff are changed by superusers alone."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As for changes."""
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the permissions that something goes by."""
        return _with_short_names(super().formfield_for_manytomany(db_field, request, **{**kwargs, **_useful(db_field)}))

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """A user that is yet to be made has no roles."""
        return self.inlines if obj is not None else ()

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Write roles with their lines of the audit log."""
        changed = formset.save(commit=False)
        for membership in formset.deleted_objects:
            delete_membership(membership, actor_of(request))
        for membership in changed:
            save_membership(membership, actor_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Delete what the person may delete; staff stay when somebody else asks."""
        if not _is_superuser(request):
            queryset = queryset.filter(is_staff=False, is_superuser=False)
        super().delete_queryset(request, queryset)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Tell both logs of a new user."""
        _tell(request, AccessAction.CREATE_USER, str(obj))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Tell both logs of a change, a new password included."""
        _tell(request, AccessAction.CHANGE_USER, f"{obj}: {_powers(obj)}{_fields(message)}")
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> Any:
        """Tell both logs of users that are gone."""
        for user in queryset:
            _tell(request, AccessAction.DELETE_USER, str(user))
        return super().log_deletions(request, queryset)


class OperatorGroupAdmin(GroupAdmin, TakesEffect):
    """Groups of permissions for the admin. Superusers alone change them."""

    filter_horizontal = ()
    takes_effect = "What is saved is in force at the next request of each user of the group."

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the permissions that something goes by."""
        return _with_short_names(super().formfield_for_manytomany(db_field, request, **{**kwargs, **_useful(db_field)}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Permissions are given by superusers."""
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permissions are given by superusers."""
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permissions are taken by superusers."""
        return _is_superuser(request)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Tell both logs of a new group."""
        _tell(request, AccessAction.CHANGE_GROUP, f"{obj}: added")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Tell both logs of a change."""
        _tell(request, AccessAction.CHANGE_GROUP, f"{obj}{_fields(message)}")
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> Any:
        """Tell both logs of groups that are gone."""
        for group in queryset:
            _tell(request, AccessAction.CHANGE_GROUP, f"{group}: deleted")
        return super().log_deletions(request, queryset)


class MembershipAdmin(TakesEffect):
    """Which user has which role in which tenant. In force at the user's next request."""

    takes_effect = "A role is in force at the user's next request. Roles are asked for where access control is on."
    list_display = ("user", "tenant", "role")
    list_filter = ("role", TenantNameFilter)
    list_filter_submit = True
    list_per_page = 50
    list_select_related = ("user",)
    search_fields = ("user__username", "tenant")
    autocomplete_fields = ("user",)

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        """A role is changed; another user or tenant is another row."""
        return () if obj is None else ("user", "tenant")

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        """Write the role, and the audit log with it."""
        save_membership(obj, actor_of(request))

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        """Take the role away."""
        delete_membership(obj, actor_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """Take each of these roles away."""
        for membership in queryset:
            delete_membership(membership, actor_of(request))


def _useful(db_field: Any) -> dict[str, Any]:
    """Return how a field of several rows is chosen from: by boxes to tick, which keyboards and readers know."""
    ticked = {"widget": UnfoldAdminCheckboxSelectMultipleWidget}
    if db_field.related_model is not Permission:
        return ticked
    useful = Permission.objects.filter(codename__in=USEFUL_PERMISSIONS).select_related("content_type")
    return {**ticked, "queryset": useful}


def _with_short_names(field: Any) -> Any:
    """Have permissions called by their names alone: that of the application in front says nothing."""
    if field is not None and field.queryset.model is Permission:
        field.label_from_instance = _name_of
    return field


def _name_of(permission: Any) -> str:
    return str(permission.name)


def _is_superuser(request: HttpRequest) -> bool:
    user: Any = request.user
    return bool(user.is_superuser)


def _may_touch(request: HttpRequest, user: Any) -> bool:
    return user is None or _is_superuser(request) or not (user.is_staff or user.is_superuser)


def _tell(request: HttpRequest, action: AccessAction, detail: str) -> None:
    record_access(actor_of(request), action, "", detail)


def _powers(user: Any) -> str:
    powers = [
        word
        for word, holds in (("superuser", user.is_superuser), ("staff", user.is_staff), ("locked", not user.is_active))
        if holds
    ]
    return ", ".join(powers) or "no staff"


def _fields(message: Any) -> str:
    """Return which fields a message of Django's log names, as `` (changed: Groups)``."""
    entries = message if isinstance(message, list) else []
    names = [name for entry in entries for name in entry.get("changed", {}).get("fields", [])]
    return f" (changed: {', '.join(names)})" if names else ""
