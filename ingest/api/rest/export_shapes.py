"""What the routes take and give that export, list functions and compare two selections."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ingest.api.rest.serializers import FlameGraphQuery, ProfileQuery, QueryAnswer, SampleQuery
from ingest.profiles.exports.formats import ExportFormat

_SIDES = ("left", "right")
_SIDE_FIELDS = ("query", "from", "until")


class ExportQuery(FlameGraphQuery):
    """A query for a file."""

    format = serializers.ChoiceField(
        choices=[one.value for one in ExportFormat], help_text="What to make; docs/exports.md says what each can carry."
    )


class TopQuery(SampleQuery):
    """A query for a table of functions."""

    limit = serializers.IntegerField(
        required=False, default=100, min_value=1, max_value=10_000, help_text="Most functions to return."
    )


class DiffQuery(serializers.Serializer):
    """Two queries of one profile type: each parameter of a side is that of a query with a prefix."""

    def get_fields(self) -> dict[str, serializers.Field]:
        fields: dict[str, serializers.Field] = super().get_fields()
        side = FlameGraphQuery().get_fields()
        for prefix in _SIDES:
            for name in _SIDE_FIELDS:
                fields[f"{prefix}_{name}"] = serializers.CharField(required=False, help_text=side[name].help_text)
        fields["profile_type"] = side["profile_type"]
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        for prefix in _SIDES:
            given = {name: attrs[f"{prefix}_{name}"] for name in _SIDE_FIELDS if f"{prefix}_{name}" in attrs}
            if "profile_type" in attrs:
                given["profile_type"] = attrs["profile_type"]
            query = ProfileQuery(data=given)
            if not query.is_valid():
                raise serializers.ValidationError({prefix: query.errors})
            attrs[prefix] = query.validated_data
        if attrs["left"]["profile_type"] != attrs["right"]["profile_type"]:
            raise serializers.ValidationError("The two queries are of different profile types.")
        return attrs


class GraphDiffQuery(DiffQuery):
    """Two queries for one flame graph."""

    max_nodes = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=1 << 31, help_text="Most nodes to return; 0 is the default."
    )


class TopDiffQuery(DiffQuery):
    """Two queries for one table of functions."""

    limit = serializers.IntegerField(
        required=False, default=100, min_value=1, max_value=10_000, help_text="Most functions to return."
    )


class FunctionAnswer(serializers.Serializer):
    """One function."""

    name = serializers.CharField()
    self = serializers.IntegerField(help_text="What its own code took.")
    total = serializers.IntegerField(help_text="What it and all it called took; a stack counts once.")


class TopAnswer(QueryAnswer):
    """Functions, the largest self value first."""

    unit = serializers.CharField()
    total = serializers.IntegerField(help_text="Of the whole profile.")
    count = serializers.IntegerField(help_text="Functions with a value, those left out included.")
    functions = FunctionAnswer(many=True)


class DiffAnswer(QueryAnswer):
    """Two flame graphs on one."""

    unit = serializers.CharField()
    names = serializers.ListField(child=serializers.CharField())
    levels = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text=(
            "Seven numbers a node: distance to the end of the node before, total and self on the left, the same on the "
            "right, index into names."
        ),
    )
    left_total = serializers.IntegerField()
    right_total = serializers.IntegerField()
    max_self = serializers.IntegerField()


class FunctionDiffAnswer(serializers.Serializer):
    """One function on both sides."""

    name = serializers.CharField()
    left_self = serializers.IntegerField()
    left_total = serializers.IntegerField()
    right_self = serializers.IntegerField()
    right_total = serializers.IntegerField()


class TopDiffAnswer(QueryAnswer):
    """Functions of two selections, the largest change of the self value first."""

    unit = serializers.CharField()
    left_total = serializers.IntegerField()
    right_total = serializers.IntegerField()
    count = serializers.IntegerField(help_text="Functions with a value, those left out included.")
    functions = FunctionDiffAnswer(many=True)
