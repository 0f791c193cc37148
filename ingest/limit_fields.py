"""The field of a form in which a limit of a tenant is written: ``64MiB``, ``90s``, ``30``; empty is the default."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from ingest.models import column_value, limit_value
from ingest.profiles.limit_table import LimitInfo, LimitKind, NotALimit, format_limit, parse_limit


class LimitField(forms.CharField):
    """Turns text into the value of the limit's column and back."""

    def __init__(self, info: LimitInfo, default: int | str) -> None:
        shown = f"Default: {format_limit(info, default)}." if default != "" else ""
        super().__init__(
            required=False,
            label=info.title,
            help_text=f"{info.meaning} {shown}".strip(),
            empty_value=None,
            widget=_widget(info),
        )
        self._info = info

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the form: of the database's value its text, and what was typed as it is."""
        if value is None or (isinstance(value, str) and self._info.kind is not LimitKind.TEXT):
            return value
        number = limit_value(value)
        return None if number is None else format_limit(self._info, number)

    def to_python(self, value: Any) -> Any:
        """Return the value of the column; None is the default."""
        text = super().to_python(value)
        if text is None:
            return None
        parsed = parse_limit(self._info, text)
        if isinstance(parsed, NotALimit):
            raise ValidationError(parsed.message)
        return column_value(self._info, parsed)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether what was typed means another value than the database has."""
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


def _widget(info: LimitInfo) -> forms.Widget:
    if info.choices:
        return UnfoldAdminSelectWidget(choices=[("", "the default"), *((choice, choice) for choice in info.choices)])
    if info.kind is LimitKind.TEXT:
        return UnfoldAdminTextareaWidget(attrs={"rows": 6, "spellcheck": "false"})
    return UnfoldAdminTextInputWidget()
