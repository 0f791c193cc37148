"""``manage.py tenant``."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from ingest.models import Tenant
from ingest.profiles.limit_table import BY_OPTION

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("tenant", *arguments, stdout=out)
    return out.getvalue()


def test_a_setting_is_set_shown_listed_and_given_up() -> None:
    assert "shard-size of team-a is 6; writes follow in 30 s" in run("set", "team-a", "shard-size", "6")
    assert "out-of-order-window of team-a is 10m" in run("set", "team-a", "out-of-order-window", "10m")
    assert "shard-size  6  (its own; the default is 0)" in run("show", "team-a")
    assert "team-a  out-of-order-window=10m  shard-size=6" in run("list")
    assert "shard-size of team-a is default" in run("set", "team-a", "shard-size", "default")
    assert Tenant.objects.get(name="team-a").ingestion_tenant_shard_size is None


def test_every_limit_can_be_set_to_what_is_shown_of_it() -> None:
    limits, _, _ = run("show", "team-a").partition("\n\n")
    shown = dict(line.split("  ")[:2] for line in limits.splitlines())
    assert set(shown) == set(BY_OPTION)
    for option, value in shown.items():
        assert f"{option} of team-a is {value}" in run("set", "team-a", option, value)
    assert len(Tenant.objects.get(name="team-a").own_limits()) == len(BY_OPTION)


def test_without_redis_the_settings_are_shown_all_the_same(settings, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings.REDIS_URL = f"unix://{tmp_path / 'absent.sock'}"
    assert "shard: not known, for Redis cannot be asked" in run("show", "team-a")


def test_a_tenant_without_settings_has_the_defaults() -> None:
    assert "out-of-order-window  2h  (default)" in run("show", "anybody")
    assert "0 tenants have settings of their own" in run("list")


def test_the_history_names_what_was_changed_and_by_whom() -> None:
    run("set", "team-a", "shard-size", "6")
    run("set", "team-b", "shard-size", "9")
    newest, older = run("history").splitlines()
    assert "team-b  shard-size=9  by " in newest
    assert "team-a  shard-size=6  by " in older
    assert run("history", "team-a").splitlines() == [older]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("team-a", "shard-size", "2"), "A shard of 2 cannot hold 3 copies"),
        (("team-a", "shard-size", "-3"), "not a whole number"),
        (("team-a", "shard-size", "many"), "not a whole number"),
        (("team-a", "out-of-order-window", "10y"), "not a duration"),
        (("team-a", "out-of-order-window", "9999d"), "Must be from 0s to 366d"),
        (("team-a", "max-profile-size-bytes", "big"), "not a size"),
        (("team-a", "max-profile-size-bytes", "0"), "Must be from 1 to 1TiB"),
        (("team-a", "max-profile-size-bytes", "1GiB"), "No request could hold the largest profile"),
        (("team-a", "max-flamegraph-nodes-max", "10"), "larger than any request may ask for"),
        (("team/a", "shard-size", "6"), "tenant id contains '/'"),
        (("..", "shard-size", "6"), "must not be '..'"),
        (("team-a:x", "shard-size", "6"), "has no colon"),
    ],
)
def test_what_cannot_be_a_setting_is_refused_with_the_reason(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message.replace("..", r"\.\.")):
        run("set", *arguments)
    assert not Tenant.objects.exists()
