"""Which models have pages in the admin. The pages themselves are in :mod:`ingest.admin_pages`."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group, User

from ingest.admin_pages.people import MembershipAdmin, OperatorGroupAdmin, OperatorUserAdmin
from ingest.admin_pages.records import AuditEntryAdmin, BlockRecordAdmin, TenantChangeAdmin
from ingest.admin_pages.tenants import TenantAdmin
from ingest.admin_pages.tokens import ApiTokenAdmin
from ingest.models import ApiToken, AuditEntry, BlockRecord, Membership, Tenant, TenantChange

admin.site.register(Tenant, TenantAdmin)
admin.site.register(ApiToken, ApiTokenAdmin)
admin.site.register(Membership, MembershipAdmin)
admin.site.register(BlockRecord, BlockRecordAdmin)
admin.site.register(AuditEntry, AuditEntryAdmin)
admin.site.register(TenantChange, TenantChangeAdmin)
# Django has registered plain pages for these two.
for model, page in ((User, OperatorUserAdmin), (Group, OperatorGroupAdmin)):
    admin.site.unregister(model)
    admin.site.register(model, page)
