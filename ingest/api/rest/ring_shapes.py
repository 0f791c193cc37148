"""What the routes of the ring take and give."""

from __future__ import annotations

from rest_framework import serializers

from ingest.administration.types import GOOD, QueueFate
from ingest.profiles.selector import MAX_SELECTOR_CHARS
from ingest.profiles.tenant import DEFAULT_TENANT

MAX_LINES = 1000


class RingQuery(serializers.Serializer):
    """How much of the ring."""

    tokens = serializers.BooleanField(default=False, help_text="List the tokens of every instance.")


class LinesQuery(serializers.Serializer):
    """How many lines of a list."""

    limit = serializers.IntegerField(default=100, min_value=1, max_value=MAX_LINES, help_text="Newest lines at most.")


class ShardQuery(serializers.Serializer):
    """Whose shard."""

    tenant = serializers.CharField(default=DEFAULT_TENANT, help_text="Id of the tenant.")


class OwnersQuery(ShardQuery):
    """Which series."""

    labels = serializers.CharField(
        max_length=MAX_SELECTOR_CHARS,
        help_text='All labels of one series as it is stored: `process_cpu{service_name="web"}`.',
    )


class FlushQuery(serializers.Serializer):
    """How to flush."""

    wait = serializers.BooleanField(default=False, help_text="Answer when everything is uploaded, or could not be.")


class ForgetQuery(serializers.Serializer):
    """How to forget."""

    force = serializers.BooleanField(default=False, help_text="Even if the instance sends heartbeats.")
    queue = serializers.ChoiceField(
        choices=[fate.value for fate in QueueFate],
        default=QueueFate.REROUTE.value,
        help_text="What becomes of the pushes that wait for it.",
    )


class UnregisterQuery(serializers.Serializer):
    """Whether a stop unregisters."""

    value = serializers.BooleanField(help_text="Whether the ingester leaves the ring when it stops.")


class InstanceAnswer(serializers.Serializer):
    """One instance of the ring; more fields tell of its heads, log and blocks."""

    id = serializers.CharField()
    zone = serializers.CharField()
    shown_state = serializers.CharField(help_text="PENDING, JOINING, ACTIVE, LEAVING, or UNHEALTHY.")
    read_only = serializers.BooleanField()
    tokens = serializers.IntegerField(help_text="How many.")
    token_list = serializers.ListField(child=serializers.IntegerField(), required=False)
    ownership = serializers.FloatField(help_text="0 to 1, of the ring of its zone.")
    heartbeat_age_seconds = serializers.FloatField()
    queue_depth = serializers.IntegerField(allow_null=True, help_text="Messages of pushes that wait; null = unknown.")
    oldest_message_seconds = serializers.FloatField(
        allow_null=True, help_text="Age of the push that is due next; null if none waits."
    )
    status = serializers.DictField(help_text="What its ingester last said of itself, e.g. `why_not_ready`.")


class RingAnswer(serializers.Serializer):
    """The ring."""

    name = serializers.CharField()
    replication_factor = serializers.IntegerField()
    now = serializers.FloatField(help_text="Seconds since the epoch, by the clock of the store.")
    instances = InstanceAnswer(many=True)
    problems = serializers.ListField(child=serializers.CharField())
    notices = serializers.ListField(child=serializers.CharField())


class ChangeAnswer(serializers.Serializer):
    """One change of the ring."""

    at_ms = serializers.IntegerField(help_text="By the clock of the store.")
    instance_id = serializers.CharField()
    before = serializers.CharField(allow_blank=True, help_text="State, or empty if there was no entry.")
    after = serializers.CharField(allow_blank=True, help_text="State, or empty if the entry was deleted.")
    reason = serializers.CharField()


class HistoryAnswer(serializers.Serializer):
    """The latest changes, newest first."""

    changes = ChangeAnswer(many=True)


class AuditLineAnswer(serializers.Serializer):
    """One action."""

    at = serializers.DateTimeField()
    actor = serializers.CharField()
    action = serializers.CharField()
    instance = serializers.CharField()
    outcome = serializers.CharField()
    detail = serializers.CharField()
    source = serializers.CharField()


class AuditAnswer(serializers.Serializer):
    """The latest actions, newest first."""

    entries = AuditLineAnswer(many=True)


class ShardAnswer(serializers.Serializer):
    """Who takes the writes of a tenant."""

    tenant = serializers.CharField()
    configured_size = serializers.IntegerField(help_text="0 is the whole ring.")
    size = serializers.IntegerField(help_text="That is used: at least the replication factor; 0 is the whole ring.")
    members = serializers.ListField(child=serializers.CharField())
    read_only = serializers.ListField(child=serializers.CharField(), help_text="In no shard, for they are read-only.")
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why these, in sentences.")


class OwnersAnswer(serializers.Serializer):
    """Who would get a push of a series now."""

    series = serializers.CharField(help_text="The labels as they are hashed.")
    token = serializers.IntegerField(help_text="0 to 2**32 - 1.")
    instances = serializers.ListField(child=serializers.CharField(), help_text="In the order of the ring.")
    max_errors = serializers.IntegerField(help_text="How many of them may fail.")
    absent = serializers.ListField(
        child=serializers.CharField(), help_text="Own the series too and are away: it waits for them in their queues."
    )
    why_not = serializers.CharField(help_text="Why a push would be refused now; empty if it would not.")
    shard = ShardAnswer()


class ActionAnswer(serializers.Serializer):
    """What came of an action."""

    instance = serializers.CharField()
    outcome = serializers.ChoiceField(choices=sorted(outcome.value for outcome in GOOD))
    message = serializers.CharField()


class ReadOnlyAnswer(ActionAnswer):
    """Whether an instance is read-only."""

    read_only = serializers.BooleanField()
    timestamp = serializers.IntegerField(help_text="Unix seconds since when it is read-only; 0 while it is not.")


class PreparedAnswer(ActionAnswer):
    """Whether the next stop hands over."""

    state = serializers.ChoiceField(choices=["set", "unset"])


class UnregisterAnswer(ActionAnswer):
    """Whether a stop unregisters."""

    unregister = serializers.BooleanField()
