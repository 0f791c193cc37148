"""Series labels: what a sender may attach, what the server adds, and the three forms labels are reduced to.

Labels arrive as pairs in any order, are prepared and checked here once, and are a sorted tuple of unique names from
then on (:data:`ingest.profiles.columns.Labels`). Python compares text by code point, which is also the byte order of
UTF-8.

The reductions: the *placement string*, hashed with the tenant to choose ingesters; the *fingerprint*, a 64-bit key of a
series inside a store; and the *row labels*, the labels of one stored series, which is one per sample type.
"""

from __future__ import annotations

from collections.abc import Iterable

import xxhash

from ingest.profiles.columns import Labels
from ingest.profiles.limits import Limits
from ingest.profiles.profile_type import SEPARATOR, profile_type_id
from ingest.profiles.reasons import Reason, Rejection

LABEL_NAME = "__name__"
LABEL_SERVICE_NAME = "service_name"
LABEL_PRIVATE_SERVICE_NAME = "__service_name__"
LABEL_TYPE = "__type__"
LABEL_UNIT = "__unit__"
LABEL_PERIOD_TYPE = "__period_type__"
LABEL_PERIOD_UNIT = "__period_unit__"
LABEL_PROFILE_TYPE = "__profile_type__"
LABEL_DELTA = "__delta__"
LABEL_ORDER = "__order__"
LABEL_SESSION_ID = "__session_id__"

DEFAULT_SERVICE_NAME = "unknown_service"

#: Labels that instruct the server and are never stored.
_DIRECTIVES = frozenset({LABEL_DELTA, LABEL_ORDER})

#: Labels of a row that only the server may set.
ROW_LABELS = frozenset(
    {LABEL_PRIVATE_SERVICE_NAME, LABEL_TYPE, LABEL_UNIT, LABEL_PERIOD_TYPE, LABEL_PERIOD_UNIT, LABEL_PROFILE_TYPE}
)

#: What labels may be before a tenant's rules have mended them: bounds what the rules have to look at.
_BEFORE_RULES = Limits(max_label_names_per_series=256, max_label_name_length=4096, max_label_value_length=1 << 16)

# How much of a label set and of one text a message repeats: a refusal must not be larger than what it refuses.
_MESSAGE_LABELS_CHARS = 1000
_MESSAGE_TEXT_CHARS = 200

_GO_ESCAPES = {
    "\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": r"\\", '"': r"\"",
}  # fmt: skip


def sort_labels(pairs: Iterable[tuple[str, str]]) -> Labels:
    """Return the pairs sorted by name; equal names keep their order and are not removed."""
    return tuple(sorted(pairs, key=lambda pair: pair[0]))


def prepare_series_labels(pairs: Iterable[tuple[str, str]], limits: Limits) -> Labels | Rejection:
    """Return the labels of a series from the pairs a sender attached, before relabelling.

    A missing ``service_name`` becomes ``unknown_service``. ``__session_id__`` is dropped, or folded when the tenant
    allows sessions. The labels are valid, unless the tenant has relabelling rules, which may mend what is not: then
    they are text without repeats, and few enough for rules to look at.
    """
    prepared: list[tuple[str, str]] = []
    has_service_name = False
    for name, value in pairs:
        if name == LABEL_SESSION_ID:
            folded = _fold_session_id(value, limits.max_sessions_per_series)
            if folded is None:
                continue
            value = folded
        elif name == LABEL_SERVICE_NAME:
            has_service_name = True
        prepared.append((name, value))
    if not has_service_name:
        prepared.append((LABEL_SERVICE_NAME, DEFAULT_SERVICE_NAME))
    labels = sort_labels(prepared)
    if limits.ingestion_relabeling_rules:
        return _check_number(labels, _BEFORE_RULES) or _check_each(labels, _BEFORE_RULES) or labels
    return validate_labels(without_directives(labels), limits) or labels


def without_directives(labels: Labels) -> Labels:
    """Return the labels that are stored: those that only instruct the server are left out."""
    return tuple([pair for pair in labels if pair[0] not in _DIRECTIVES])


def validate_labels(labels: Labels, limits: Limits) -> Rejection | None:
    """Return the first rule that sorted labels break, or None.

    Lengths are bytes of UTF-8. The message repeats the label set, shortened when it is very long.
    """
    return _check_number(labels, limits) or _check_required(labels) or _check_each(labels, limits)


def _check_number(labels: Labels, limits: Limits) -> Rejection | None:
    """Return why there are too few or too many labels, or None."""
    if not labels:
        return Rejection(Reason.MISSING_LABELS, "the series has no labels")
    if len(labels) > limits.max_label_names_per_series:
        return Rejection(
            Reason.MAX_LABEL_NAMES_PER_SERIES,
            f"series {describe_labels(labels)} has {len(labels)} labels, "
            f"at most {limits.max_label_names_per_series} are allowed (max_label_names_per_series)",
        )
    return None


def _check_required(labels: Labels) -> Rejection | None:
    """Return why ``__name__`` or ``service_name`` is not usable, or None."""
    metric_name = label_value(labels, LABEL_NAME)
    if not metric_name or not _is_utf8(metric_name):
        return Rejection(
            Reason.INVALID_LABELS,
            f"series {describe_labels(labels)} needs a label __name__ that is not empty and valid UTF-8",
        )
    if SEPARATOR in metric_name:
        return Rejection(
            Reason.INVALID_LABELS,
            f"series {describe_labels(labels)} has a colon in __name__, which separates the parts of a profile type",
        )
    if not label_value(labels, LABEL_SERVICE_NAME):
        return Rejection(
            Reason.MISSING_LABELS, f"series {describe_labels(labels)} needs a label service_name that is not empty"
        )
    return None


def _check_each(labels: Labels, limits: Limits) -> Rejection | None:
    """Return the first length, UTF-8 or uniqueness rule a pair breaks, or None."""
    previous: str | None = None
    for name, value in labels:
        # A character is at most 4 bytes, so most texts need no encoding to be known as short enough.
        name_bytes = byte_length(name) if 4 * len(name) > limits.max_label_name_length else 0
        if name_bytes > limits.max_label_name_length:
            return Rejection(
                Reason.LABEL_NAME_TOO_LONG,
                f"series {describe_labels(labels)} has a label name of {name_bytes} bytes, at most "
                f"{limits.max_label_name_length} are allowed (max_label_name_length): {_clip(name)}",
            )
        value_bytes = byte_length(value) if 4 * len(value) > limits.max_label_value_length else 0
        if value_bytes > limits.max_label_value_length:
            return Rejection(
                Reason.LABEL_VALUE_TOO_LONG,
                f"series {describe_labels(labels)} has a value of {value_bytes} bytes for label {_clip(name)}, at most "
                f"{limits.max_label_value_length} are allowed (max_label_value_length): {_clip(value)}",
            )
        if not name or not _is_utf8(name):
            return Rejection(
                Reason.INVALID_LABELS,
                f"series {describe_labels(labels)} has a label name that is empty or not valid UTF-8: {_clip(name)}",
            )
        if not _is_utf8(value):
            return Rejection(
                Reason.INVALID_LABELS,
                f"series {describe_labels(labels)} has a value that is not valid UTF-8 for label {_clip(name)}",
            )
        if name == previous:
            return Rejection(
                Reason.DUPLICATE_LABEL_NAMES,
                f"series {describe_labels(labels)} has the label {_clip(name)} more than once",
            )
        previous = name
    return None


def label_value(labels: Labels, name: str) -> str:
    """Return the value of a label, or the empty text when the series does not have it."""
    for label_name, value in labels:
        if label_name == name:
            return value
    return ""


def with_sample_labels(series: Labels, sample: Labels) -> Labels:
    """Return the union of series and sample labels; where both have a name the series' value stands."""
    if not sample:
        return series
    merged = dict(sample)
    merged.update(series)
    return tuple(sorted(merged.items()))


def row_labels(group_labels: Labels, sample_type: str, sample_unit: str, period_type: str, period_unit: str) -> Labels:
    """Return the labels of the stored series that holds one sample type of a profile.

    Adds ``__type__``, ``__unit__``, ``__profile_type__`` and ``__service_name__``, and ``__period_type__`` and
    ``__period_unit__`` when there is a period type. A sender's labels of these names are replaced.
    """
    rows = {name: value for name, value in group_labels if name not in ROW_LABELS}
    metric_name = rows.get(LABEL_NAME, "")
    rows[LABEL_TYPE] = sample_type
    rows[LABEL_UNIT] = sample_unit
    if period_type:
        rows[LABEL_PERIOD_TYPE] = period_type
        rows[LABEL_PERIOD_UNIT] = period_unit
    rows[LABEL_PROFILE_TYPE] = profile_type_id(metric_name, sample_type, sample_unit, period_type, period_unit)
    rows[LABEL_PRIVATE_SERVICE_NAME] = rows.get(LABEL_SERVICE_NAME, "")
    return tuple(sorted(rows.items()))


def placement_string(labels: Labels) -> str:
    """Return ``{name="value", name2="value2"}``, which is hashed with the tenant to place a series on the ring.

    Values are quoted as Go's ``strconv.Quote`` does, names are raw.
    """
    return "{" + ", ".join([f"{name}={go_quote(value)}" for name, value in labels]) + "}"


def go_quote(text: str) -> str:
    """Return ``text`` as a Go string literal in double quotes; printable characters stay as they are."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join([_go_escape(char) for char in text]) + '"'


def _go_escape(char: str) -> str:
    """Return one character as it stands in a Go string literal."""
    escaped = _GO_ESCAPES.get(char)
    if escaped is not None:
        return escaped
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if 0xD800 <= code <= 0xDFFF:
        return r"\ufffd"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def fingerprint(labels: Labels) -> int:
    """Return the unsigned 64-bit xxHash of sorted labels, each as ``name 0xff value 0xff`` (UTF-8 never holds 0xff)."""
    parts: list[bytes] = []
    for name, value in labels:
        parts += (name.encode(), b"\xff", value.encode(), b"\xff")
    return xxhash.xxh64_intdigest(b"".join(parts))


def describe_labels(labels: Labels) -> str:
    """Return labels for a message: ``{a="b", c="d"}``, cut after 1000 characters."""
    shown: list[str] = []
    size = 0
    for name, value in labels:
        shown.append(f"{_clip(name)}={go_quote(value[:_MESSAGE_LABELS_CHARS])}")
        size += len(shown[-1])
        if size > _MESSAGE_LABELS_CHARS:
            break
    text = ", ".join(shown)
    if size > _MESSAGE_LABELS_CHARS:
        text = text[:_MESSAGE_LABELS_CHARS] + "..."
    return "{" + text + "}"


def about_series(why: Rejection, labels: Labels) -> Rejection:
    """Return a refusal that names the series it is about: a request may hold thousands."""
    return Rejection(why.reason, f"{why.message.rstrip('.')}; the series is {describe_labels(labels)}.")


def _fold_session_id(value: str, max_sessions: int) -> str | None:
    """Return the session id to store, or None to drop the label.

    A session id is 16 hexadecimal digits of a little-endian 64-bit number; with sessions allowed it is stored modulo
    their number, so that restarts reuse a bounded set of series.
    """
    if max_sessions <= 0 or len(value) != 16:
        return None
    try:
        raw = bytes.fromhex(value)
    except ValueError:
        return None
    if len(raw) != 8:  # fromhex skips spaces
        return None
    session = int.from_bytes(raw, "little")
    return (session % max_sessions).to_bytes(8, "little").hex()


def _is_utf8(text: str) -> bool:
    """Return whether text can be encoded: a lone surrogate marks bytes that were not UTF-8."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def byte_length(text: str) -> int:
    """Return the bytes of UTF-8 of a text, counting a lone surrogate as three."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _clip(text: str) -> str:
    """Return a text for a message: shortened, and encodable whatever it holds."""
    shown = text if len(text) <= _MESSAGE_TEXT_CHARS else text[:_MESSAGE_TEXT_CHARS] + "..."
    return shown if _is_utf8(shown) else shown.encode("utf-8", "backslashreplace").decode()
