"""Decode an OpenTelemetry profiles request into columns, with nothing judged yet but the bytes themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.formats.otlp import dictionary_kernels as tables
from ingest.profiles.formats.otlp import profile_kernels as profiles
from ingest.profiles.formats.otlp.evidence_kernels import EVIDENCE_SIZE, gather_evidence
from ingest.profiles.formats.otlp.outline_kernels import OUTLINE_COLUMNS, outline
from ingest.profiles.formats.otlp.revision import TOO_OLD, Revision, tell_revision
from ingest.profiles.pprof import varint_kernels as varint
from ingest.profiles.reasons import Reason, Rejection

#: Most bytes of a request. Exporters send a few hundred kilobytes; the tables of hostile bytes take twenty times them.
MAX_REQUEST_BYTES = 32 << 20
#: Most profiles of a request. An agent sends one or two for each process of its host.
MAX_PROFILES = 1 << 14
#: Most rows of one table, and most samples of all profiles together.
MAX_ROWS = 1 << 20
#: Most attributes of the dictionary, whose values are read one by one.
MAX_ATTRIBUTES = 1 << 17

_MESSAGES = {
    varint.BAD_VARINT: "a number is cut off or longer than 64 bits",
    varint.BAD_LENGTH: "a length runs past the end",
    varint.BAD_WIRE_TYPE: "a field has a wire type it cannot have",
    varint.BAD_FIELD: "a field number is not valid",
}


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The tables that all profiles share: indexes are the sender's and unchecked, columns as in the kernels."""

    data: bytes  #: the whole request
    raw: U8  #: the same, read-only
    mappings: I64  #: int64[M + 1, 5]
    locations: I64  #: int64[L + 1, 3]
    functions: I64  #: int64[F, 4]
    links: I64  #: int64[N, 4]
    strings: I64  #: int64[S, 2]
    attributes: I64  #: int64[A, 3]
    stacks: I64  #: int64[K + 1], first index into stack_refs
    mapping_attributes: I64
    lines: I64  #: int64[, 2]
    stack_refs: I64  #: location indexes, leaf first

    def text(self, index: int) -> str:
        """Return a string of the table; one out of range is empty, damaged UTF-8 becomes U+FFFD."""
        if not 0 <= index < len(self.strings):
            return ""
        offset, size = self.strings[index].tolist()
        return self.data[offset : offset + size].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A request as sent."""

    revision: Revision
    outline: I64  #: int64[P, 6], spans of resource, scope and profile
    dictionary: Dictionary
    profiles: I64  #: int64[P + 1, 9]
    samples: I64  #: int64[N + 1, 5]
    sample_attributes: I64  #: indexes into the attributes
    profile_attributes: I64  #: indexes into the attributes

    @property
    def profile_count(self) -> int:
        """Number of profiles."""
        return len(self.outline)


def decode_request(data: bytes) -> Decoded | Rejection:
    """Decode an ``ExportProfilesServiceRequest``; all counts are bounded before memory is taken for them."""
    if len(data) > MAX_REQUEST_BYTES:
        return Rejection(Reason.BODY_TOO_LARGE, f"The request is larger than {MAX_REQUEST_BYTES} bytes.")
    raw = np.frombuffer(data, np.uint8)
    outlined = _outline(raw)
    if isinstance(outlined, Rejection):
        return outlined
    rows, dictionaries = outlined
    dictionary = _dictionary(data, raw, dictionaries)
    if isinstance(dictionary, Rejection):
        return dictionary
    shown = np.zeros(EVIDENCE_SIZE, np.int64)
    status = gather_evidence(raw, rows, len(dictionary.attributes), shown)
    if status != varint.OK:
        return _malformed(status)
    revision = tell_revision(shown)
    return revision if isinstance(revision, Rejection) else _profiles(revision, rows, dictionary)


def _outline(raw: U8) -> tuple[I64, I64] | Rejection:
    """Return where the profiles and the dictionaries are."""
    counts = np.zeros(2, np.int64)
    nothing = np.zeros((0, OUTLINE_COLUMNS), np.int64)
    status = outline(raw, nothing, nothing, counts) if len(raw) else varint.OK
    if status != varint.OK:
        return _malformed(status)
    profile_count, dictionary_count = counts.tolist()
    if not profile_count:
        return Rejection(Reason.NO_PROFILES, "The request holds no profile.")
    if profile_count > MAX_PROFILES:
        return Rejection(
            Reason.BODY_TOO_LARGE, f"The request has {profile_count} profiles, at most {MAX_PROFILES} are read."
        )
    if not dictionary_count:
        return TOO_OLD
    if dictionary_count > MAX_ROWS:
        return _too_many("dictionaries", dictionary_count, MAX_ROWS)
    rows = np.zeros((profile_count, OUTLINE_COLUMNS), np.int64)
    dictionaries = np.zeros((dictionary_count, 2), np.int64)
    outline(raw, rows, dictionaries, counts)
    return rows, dictionaries


def _dictionary(data: bytes, raw: U8, spans: I64) -> Dictionary | Rejection:
    """Return the tables of the dictionary. One that comes in pieces is put together, as protobuf has it."""
    counts = np.zeros(tables.DICTIONARY_COUNTS, np.int64)
    for start, end in spans.tolist():
        status = tables.count_dictionary(raw, start, end, counts)
        if status != varint.OK:
            return _malformed(status)
    for slot, name in enumerate(("mappings", "locations", "functions", "links", "strings", "attributes", "stacks")):
        bound = MAX_ATTRIBUTES if slot == tables.ATTRIBUTES else MAX_ROWS
        if counts[slot] > bound:
            return _too_many(name, int(counts[slot]), bound)
    if counts[tables.LINES] > MAX_ROWS:
        return _too_many("lines", int(counts[tables.LINES]), MAX_ROWS)
    mappings, locations, functions, links, strings, attributes, stacks, mapping_attributes, lines, refs = (
        counts.tolist()
    )

    def table(rows: int, columns: int) -> I64:
        return np.zeros((rows, columns), np.int64)

    made = Dictionary(
        data=data,
        raw=raw,
        mappings=table(mappings + 1, tables.MAPPING_COLUMNS),
        locations=table(locations + 1, tables.LOCATION_COLUMNS),
        functions=table(functions, tables.FUNCTION_COLUMNS),
        links=table(links, tables.LINK_COLUMNS),
        strings=table(strings, tables.STRING_COLUMNS),
        attributes=table(attributes, tables.ATTRIBUTE_COLUMNS),
        stacks=np.zeros(stacks + 1, np.int64),
        mapping_attributes=np.zeros(mapping_attributes, np.int64),
        lines=table(lines, tables.LINE_COLUMNS),
        stack_refs=np.zeros(refs, np.int64),
    )
    used = np.zeros(tables.DICTIONARY_COUNTS, np.int64)
    for start, end in spans.tolist():
        status = tables.fill_dictionary(
            raw, start, end, used, made.mappings, made.locations, made.functions, made.links, made.strings,
            made.attributes, made.stacks, made.mapping_attributes, made.lines, made.stack_refs,
        )  # fmt: skip
        if status != varint.OK:
            return _malformed(status)
    return made


def _profiles(revision: Revision, rows: I64, dictionary: Dictionary) -> Decoded | Rejection:
    """Return the profiles and their samples."""
    counts = np.zeros(3, np.int64)
    status = profiles.count_profiles(dictionary.raw, rows, revision.layout, counts)
    if status != varint.OK:
        return _malformed(status)
    sample_count, sample_attributes, profile_attributes = counts.tolist()
    if sample_count > MAX_ROWS:
        return Rejection(
            Reason.SAMPLES_LIMIT, f"The request has {sample_count} samples, at most {MAX_ROWS} are read at once."
        )
    decoded = Decoded(
        revision=revision,
        outline=rows,
        dictionary=dictionary,
        profiles=np.zeros((len(rows) + 1, profiles.PROFILE_COLUMNS), np.int64),
        samples=np.zeros((sample_count + 1, profiles.SAMPLE_COLUMNS), np.int64),
        sample_attributes=np.zeros(sample_attributes, np.int64),
        profile_attributes=np.zeros(profile_attributes, np.int64),
    )
    status = profiles.fill_profiles(
        dictionary.raw,
        rows,
        revision.layout,
        decoded.profiles,
        decoded.samples,
        decoded.sample_attributes,
        decoded.profile_attributes,
    )
    return decoded if status == varint.OK else _malformed(status)


def _malformed(status: int) -> Rejection:
    return Rejection(
        Reason.MALFORMED_PROFILE, f"The request is not an ExportProfilesServiceRequest: {_MESSAGES[status]}."
    )


def _too_many(what: str, count: int, bound: int) -> Rejection:
    return Rejection(
        Reason.BODY_TOO_LARGE, f"The dictionary of the request has {count} {what}, at most {bound} are read."
    )
