"""What the REST routes take and give. Serializers shape data and do nothing else."""

from __future__ import annotations

import re
import time
from typing import Any

from rest_framework import serializers

from ingest.api.rest.time_range import parse_duration_ms, parse_time_ms
from ingest.profiles.profile_type import ProfileType, parse_profile_type
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.sample_choice import ExemplarKind, SampleChoice
from ingest.profiles.selector import Matcher, parse_selector

_RANGE_HELP = "Unix milliseconds, `now`, or `now-` and a duration such as `now-1h`. Inclusive."

#: Points of a timeline at most when no step is given, and the steps to choose from: labels then fall on round times.
_DEFAULT_POINTS = 120
_ROUND_STEPS_MS = [seconds * 1000 for seconds in (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400)]


#: Profiles, spans or frames that one query may name in its address, and the longest name of a function it may have.
_MAX_CHOSEN = 500
_MAX_NAME_LENGTH = 4096
_PROFILE_ID = re.compile(r"\A(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32})\Z", re.ASCII | re.IGNORECASE)
_SPAN_ID = re.compile(r"\A(?!0{16})[0-9a-f]{16}\Z", re.ASCII | re.IGNORECASE)


def _many(child: serializers.Field, help_text: str) -> serializers.ListField:
    return serializers.ListField(child=child, required=False, default=list, max_length=_MAX_CHOSEN, help_text=help_text)


class TimeField(serializers.CharField):
    """A moment, as Unix milliseconds."""

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        try:
            return parse_time_ms(text, time.time_ns() // 1_000_000)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class DurationField(serializers.CharField):
    """A duration, as milliseconds."""

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        try:
            return parse_duration_ms(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class RangeQuery(serializers.Serializer):
    """The range of a query."""

    # ``from`` is a keyword, so the fields are made by name.
    def get_fields(self) -> dict[str, serializers.Field]:
        fields: dict[str, serializers.Field] = super().get_fields()
        fields["from"] = TimeField(required=False, help_text=_RANGE_HELP + " Default `now-1h`.")
        fields["until"] = TimeField(required=False, help_text=_RANGE_HELP + " Default `now`.")
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        now_ms = time.time_ns() // 1_000_000
        attrs.setdefault("from", now_ms - 3_600_000)
        attrs.setdefault("until", now_ms)
        if attrs["from"] > attrs["until"]:
            raise serializers.ValidationError("from is after until.", code=Reason.INVALID_TIME_RANGE.value)
        return attrs


class SelectorQuery(RangeQuery):
    """A range and a selector, which may carry the profile type as its metric name."""

    query = serializers.CharField(
        required=False,
        default="{}",
        help_text='Selector such as `{service_name="web"}`; the profile type id may stand in front of the brace.',
    )
    profile_type = serializers.CharField(
        required=False, help_text="Profile type id, e.g. `process_cpu:cpu:nanoseconds:cpu:nanoseconds`."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        matchers = parse_selector(attrs["query"])
        if isinstance(matchers, Rejection):
            raise serializers.ValidationError({"query": matchers.message}, code=matchers.reason.value)
        in_query, attrs["matchers"] = _split_type(matchers)
        given = attrs.get("profile_type")
        if in_query is not None and given is not None and in_query != given:
            raise serializers.ValidationError({"profile_type": "another type stands in the query."})
        type_id = in_query if in_query is not None else given
        attrs["profile_type"] = None if type_id is None else _profile_type(type_id)
        return attrs


class ProfileQuery(SelectorQuery):
    """A selector that must name a profile type."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs["profile_type"] is None:
            raise serializers.ValidationError({"profile_type": "is missing; /api/v1/profile-types lists them."})
        return attrs


class SampleQuery(ProfileQuery):
    """A selector with a choice among the samples of what it matches. Each parameter of the choice may be repeated."""

    call_site = _many(
        serializers.CharField(max_length=_MAX_NAME_LENGTH),
        "Names of functions from the root: only stacks that begin with exactly these.",
    )
    profile_id = _many(
        serializers.RegexField(_PROFILE_ID, error_messages={"invalid": "is not a UUID."}), "Only these profiles."
    )
    span = _many(
        serializers.RegexField(_SPAN_ID, error_messages={"invalid": "is not 16 hex digits with one above 0."}),
        "Only what was done in these spans.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        attrs["choice"] = SampleChoice(
            profile_ids=tuple(sorted({bytes.fromhex(text.replace("-", "")) for text in attrs["profile_id"]})),
            spans=tuple(sorted({int(text, 16) for text in attrs["span"]})),
            call_site=tuple(attrs["call_site"]),
        )
        return attrs


class FlameGraphQuery(SampleQuery):
    """A query for a flame graph."""

    max_nodes = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=1 << 31, help_text="Most nodes to return; 0 is the default."
    )


class SeriesQuery(SelectorQuery):
    """A query for label sets."""

    labels = serializers.CharField(
        required=False, default="", help_text="Label names to reduce the sets to, separated by commas; default all."
    )


class StepQuery(ProfileQuery):
    """A query for something over time, step by step."""

    step = DurationField(required=False, help_text="Distance of the points, e.g. `15s`.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if "step" not in attrs:
            wanted_ms = (attrs["until"] - attrs["from"]) / _DEFAULT_POINTS
            attrs["step"] = next((step for step in _ROUND_STEPS_MS if step >= wanted_ms), _ROUND_STEPS_MS[-1])
        if attrs["step"] < 1:
            raise serializers.ValidationError({"step": "must not be zero."})
        return attrs


class TimelineQuery(StepQuery):
    """A query for totals over time."""

    group_by = serializers.CharField(
        required=False, default="", help_text="Label names to split by, separated by commas."
    )
    limit = serializers.IntegerField(required=False, default=0, min_value=0, max_value=10_000)


class ErrorAnswer(serializers.Serializer):
    """Every error of every route."""

    code = serializers.CharField(help_text="Connect code, e.g. `invalid_argument`.")
    reason = serializers.CharField(help_text="What exactly was refused, e.g. `samples_limit`.")
    message = serializers.CharField(help_text="One sentence for the person who has to act on it.")


class MissingSourceAnswer(serializers.Serializer):
    """A source that did not answer."""

    name = serializers.CharField()
    reason = serializers.CharField()


class SourcesAnswer(serializers.Serializer):
    """Who was asked for an answer, and who is missing from it."""

    asked = serializers.ListField(child=serializers.CharField())
    missing = MissingSourceAnswer(many=True)
    complete = serializers.BooleanField(help_text="Nothing acknowledged can be missing from the answer.")


class QueryAnswer(serializers.Serializer):
    """What every answer to a query says about itself."""

    sources = SourcesAnswer()
    profiles = serializers.IntegerField(help_text="Profiles merged, each counted once.")


class StoredAnswer(serializers.Serializer):
    """One stored profile."""

    profile_ids = serializers.ListField(child=serializers.CharField())
    samples = serializers.IntegerField()
    series = serializers.IntegerField()


class RejectedAnswer(serializers.Serializer):
    """One refusal."""

    reason = serializers.CharField()
    message = serializers.CharField()


class PushAnswer(serializers.Serializer):
    """What became of a pushed profile."""

    push_id = serializers.CharField()
    stored = StoredAnswer(many=True)
    rejected = RejectedAnswer(many=True, help_text="Parts that were refused while the rest was stored.")
    empty = serializers.BooleanField(help_text="Accepted, but no sample had a value: there was nothing to store.")


class ProfileTypesAnswer(QueryAnswer):
    """Profile types with data in the range."""

    profile_types = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))


class NamesAnswer(QueryAnswer):
    """Label names or label values."""

    names = serializers.ListField(child=serializers.CharField())


class SeriesAnswer(QueryAnswer):
    """Distinct label sets."""

    series = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))


class FlameGraphAnswer(QueryAnswer):
    """A flame graph."""

    unit = serializers.CharField()
    names = serializers.ListField(child=serializers.CharField())
    levels = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Four numbers a node: distance to the end of the node before, total, self, index into names.",
    )
    total = serializers.IntegerField()
    max_self = serializers.IntegerField()
    hidden_nodes = serializers.IntegerField(help_text="Nodes that were too small to be sent.")
    hidden = serializers.IntegerField(help_text='Sum of their values, which the nodes called "other" hold.')


class LineAnswer(serializers.Serializer):
    """One line of a timeline."""

    labels = serializers.DictField(child=serializers.CharField())
    timestamps_ms = serializers.ListField(child=serializers.IntegerField())
    values = serializers.ListField(child=serializers.FloatField())


class TimelineAnswer(QueryAnswer):
    """Totals over time; steps without data are left out."""

    unit = serializers.CharField()
    step_ms = serializers.IntegerField()
    series = LineAnswer(many=True)


class HeatmapQuery(StepQuery):
    """A query for how many profiles, or spans of them, have which value over time."""

    counted = serializers.ChoiceField(
        choices=[ExemplarKind.INDIVIDUAL.value, ExemplarKind.SPAN.value],
        required=False,
        default=ExemplarKind.INDIVIDUAL.value,
        help_text="What is counted: profiles (`individual`), or spans of them.",
    )


class ExemplarAnswer(serializers.Serializer):
    """The profile, or span, with the largest value of a bucket."""

    time_ms = serializers.IntegerField()
    profile_id = serializers.CharField()
    span_id = serializers.CharField(help_text="Empty when it is a whole profile.")
    value = serializers.IntegerField()
    labels = serializers.DictField(child=serializers.CharField())


class SlotAnswer(serializers.Serializer):
    """One step of a heatmap."""

    timestamp_ms = serializers.IntegerField(help_text="Right edge, inclusive.")
    counts = serializers.ListField(child=serializers.IntegerField(), help_text="By bucket.")
    exemplars = ExemplarAnswer(many=True, help_text="At most one a bucket that holds anything, by bucket.")


class HeatmapAnswer(QueryAnswer):
    """Values over time, counted in buckets; steps without data are left out."""

    unit = serializers.CharField()
    step_ms = serializers.IntegerField()
    floors = serializers.ListField(child=serializers.IntegerField(), help_text="Least value of each bucket.")
    slots = SlotAnswer(many=True)


class LimitAnswer(serializers.Serializer):
    """One limit."""

    name = serializers.CharField()
    group = serializers.CharField(help_text="Heading under which it is shown.")
    meaning = serializers.CharField()
    unit = serializers.ChoiceField(["count", "bytes", "seconds", "text"])
    default = serializers.JSONField(help_text="A number, or a text where the unit says so.")
    own = serializers.JSONField(allow_null=True, help_text="Set for this tenant alone; null: it has the default.")
    in_force = serializers.JSONField()
    shown = serializers.CharField(help_text="What is in force, as people write it.")
    used = serializers.FloatField(allow_null=True, help_text="Taken now; null where it is not counted or not known.")


class LimitsAnswer(serializers.Serializer):
    """The limits of a tenant."""

    tenant = serializers.CharField()
    limits = LimitAnswer(many=True)


class TenantLimitsAnswer(serializers.Serializer):
    """The limits that tools of Pyroscope ask for; 0 is no limit."""

    ingestion_rate = serializers.IntegerField(help_text="Bytes a second.")
    ingestion_burst_size = serializers.IntegerField(help_text="Bytes.")
    max_global_series_per_user = serializers.IntegerField()


def comma_separated(text: str) -> tuple[str, ...]:
    """Return the non-empty parts of a comma separated list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _split_type(matchers: tuple[Matcher, ...]) -> tuple[str | None, tuple[Matcher, ...]]:
    """Take a profile type id out of the metric name, where ids are told from plain names by their colons."""
    for index, one in enumerate(matchers):
        if one.name == "__name__" and one.op == "=" and ":" in one.value:
            return one.value, (*matchers[:index], *matchers[index + 1 :])
    return None, matchers


def _profile_type(text: str) -> ProfileType:
    parsed = parse_profile_type(text)
    if isinstance(parsed, Rejection):
        raise serializers.ValidationError({"profile_type": parsed.message}, code=parsed.reason.value)
    return parsed
