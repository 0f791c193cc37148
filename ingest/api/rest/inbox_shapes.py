"""What the address of the push inbox takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from ingest.inbox.types import Verdict

#: Rows of an answer when the request names no number, and at most.
DEFAULT_ROWS, MAX_ROWS = 100, 1000


class InboxQuery(serializers.Serializer):
    """Which rows to show."""

    verdict = serializers.CharField(
        required=False,
        default="",
        help_text=f"Only these, separated by commas: {', '.join(Verdict)}.",
    )
    trouble = serializers.BooleanField(required=False, default=False, help_text="Only rows somebody should look at.")
    service_name = serializers.CharField(required=False, default="", help_text="Only this service.")
    client = serializers.CharField(required=False, default="", help_text="Only this client.")
    reason = serializers.CharField(required=False, default="", help_text="Only this reason, or this oddity.")
    after = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=1 << 53, help_text="The cursor of an answer before."
    )
    limit = serializers.IntegerField(required=False, default=DEFAULT_ROWS, min_value=1, max_value=MAX_ROWS)

    def validate_verdict(self, value: str) -> frozenset[str]:
        """Return the words, each of which has to be one."""
        words = frozenset(filter(None, value.split(",")))
        unknown = sorted(words - set(Verdict))
        if unknown:
            raise serializers.ValidationError(f"{unknown[0][:100]!r} is none of {', '.join(Verdict)}.")
        return words


class InboxRow(serializers.Serializer):
    """Profiles of one source that fared alike; sizes and counts beside `count` are of the last one."""

    sequence = serializers.IntegerField(help_text="Grows with every change of any row.")
    count = serializers.IntegerField(
        help_text="Profiles that this row stands for; a push that was refused unread counts as one."
    )
    first_ms = serializers.IntegerField()
    last_ms = serializers.IntegerField()
    verdict = serializers.ChoiceField(choices=[verdict.value for verdict in Verdict])
    reason = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True, help_text="What the sender was told.")
    words = serializers.ListField(child=serializers.CharField(), help_text="What it means, in sentences.")
    suspects = serializers.ListField(child=serializers.CharField(), help_text="What is odd about it.")
    dropped = serializers.DictField(child=serializers.IntegerField(), help_text="How much was left out, by why.")
    limit = serializers.CharField(allow_blank=True, help_text="The limit that was hit.")
    door = serializers.CharField()
    client = serializers.CharField(allow_blank=True)
    version = serializers.CharField(allow_blank=True)
    user_agent = serializers.CharField(allow_blank=True)
    service_name = serializers.CharField(allow_blank=True)
    profile = serializers.CharField(allow_blank=True)
    labels = serializers.DictField(child=serializers.CharField())
    language = serializers.CharField(allow_blank=True)
    body_bytes = serializers.IntegerField(help_text="Of the request as it came; 0 when it is not known.")
    raw_bytes = serializers.IntegerField(help_text="Of the profile uncompressed; 0 when it was refused before.")
    samples = serializers.IntegerField(help_text="Stored.")
    series = serializers.IntegerField(help_text="Stored.")
    skew_ms = serializers.IntegerField(
        allow_null=True, help_text="By how much its time was behind this server's; negative is ahead."
    )


class InboxAnswer(serializers.Serializer):
    """Rows of the push inbox, the last changed first."""

    rows = InboxRow(many=True)
    cursor = serializers.IntegerField(help_text="Send it as `after` to get what changes from here on.")
    enabled = serializers.BooleanField(help_text="Whether this server keeps an inbox.")


class HourCountAnswer(serializers.Serializer):
    """Profiles of one hour that fared alike."""

    hour_ms = serializers.IntegerField(help_text="When the hour began.")
    verdict = serializers.ChoiceField(choices=[verdict.value for verdict in Verdict])
    reason = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()
    raw_bytes = serializers.IntegerField(help_text="Of these profiles together, once decompressed.")


class HoursAnswer(serializers.Serializer):
    """How a tenant's profiles fared, hour by hour, oldest first."""

    now_ms = serializers.IntegerField()
    counts = HourCountAnswer(many=True)
    enabled = serializers.BooleanField(help_text="Whether this server keeps an inbox, and with it these counts.")
