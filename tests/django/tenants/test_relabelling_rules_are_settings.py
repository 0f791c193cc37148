"""A tenant's relabelling rules are judged when they are saved and in force from then on."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from ingest.adapters import tenant_records
from ingest.adapters.tenant_settings import TenantSettings
from ingest.profiles.limits import Limits
from ingest.profiles.relabel_text import Relabeling, relabeling_of

pytestmark = pytest.mark.django_db

RULES = "- {action: labeldrop, regex: 'thread_.*'}\n"


def save(option: str, text: str) -> None:
    call_command("tenant", "set", "team-a", option, text, stdout=io.StringIO())


def rules_of(tenant: str) -> Relabeling:
    settings = TenantSettings(Limits(), tenant_records, notes_default=False)
    assert settings.refresh()
    found = relabeling_of(settings.limits(tenant))
    assert isinstance(found, Relabeling)
    return found


def test_saved_rules_are_those_of_the_tenant_alone() -> None:
    save("ingestion-relabeling-rules", RULES)
    save("ingestion-relabeling-default-rules-position", "disabled")
    save("sample-type-relabeling-rules", "[{action: drop, source_labels: [__type__], regex: alloc.*}]")
    own = rules_of("team-a")
    assert [rule.regex for rule in own.rules] == ["thread_.*"]
    assert [rule.regex for rule in own.sample_types] == ["alloc.*"]
    assert rules_of("team-b") == relabeling_of(Limits())


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("ingestion-relabeling-rules", "[{action: explode}]", "Rule 1: 'explode' is no action"),
        ("ingestion-relabeling-default-rules-position", "middle", "there are first, last, disabled"),
        ("sample-type-relabeling-rules", "[{target_label: a}]", "a rule for sample types can keep or drop"),
    ],
)
def test_a_fault_is_refused_with_a_sentence_and_the_former_rules_stay(option: str, text: str, message: str) -> None:
    save("ingestion-relabeling-rules", RULES)
    with pytest.raises(CommandError, match=message):
        save(option, text)
    assert rules_of("team-a").rules[-1].regex == "thread_.*"
