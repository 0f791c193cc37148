"""Which revision of the messages a request was written in.

OpenTelemetry's profiles are still in development and renumber fields from release to release. A dictionary of the whole
request came with OTLP 1.7, stacks with 1.8; what a sample holds was renumbered with 1.10:

=================  ==========  ============
field of a sample  1.8, 1.9    since 1.10
=================  ==========  ============
stack                       1             1
values                      2             4
attributes                  3             2
link                        4             3
timestamps                  5             5
=================  ==========  ============

The link is a number and all others are lists, so fields 3 and 4 give a revision away. Samples that only have field 2
are told apart by sense: values come without timestamps or one for each, attributes name entries of their table.

Source: https://github.com/open-telemetry/opentelemetry-proto, ``profiles.proto`` of v1.7.0 to v1.11.0.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from ingest.profiles.columns import I64
from ingest.profiles.formats.otlp import evidence_kernels as evidence
from ingest.profiles.reasons import Reason, Rejection


class Revision(Enum):
    """A revision that is read. The value is its layout: the numbers of attributes, link and values of a sample."""

    CURRENT = (2, 3, 4)  #: OTLP 1.10 and later
    PREVIOUS = (3, 4, 2)  #: OTLP 1.8 and 1.9

    @property
    def layout(self) -> I64:
        """The layout for the kernels: int64[3]."""
        return np.array(self.value, np.int64)


#: What requests of releases before 1.8 are answered.
TOO_OLD = Rejection(
    Reason.MALFORMED_PROFILE,
    "The request is of an OTLP release before 1.8, whose profiles are not read; update the sender.",
)
_NEITHER = Rejection(
    Reason.MALFORMED_PROFILE,
    "The samples of the request are neither those of OTLP 1.10 and later nor those of 1.8 and 1.9.",
)


def tell_revision(shown: I64) -> Revision | Rejection:
    """Return the revision that the samples of a request show, int64[EVIDENCE_SIZE]; without any the current one."""
    if shown[evidence.NUMBER_AT_2] or shown[evidence.FIELD_6]:
        return TOO_OLD
    current = bool(shown[evidence.LINK_AT_3] or shown[evidence.LIST_AT_4])
    previous = bool(shown[evidence.LIST_AT_3] or shown[evidence.LINK_AT_4])
    if current and previous:
        return _NEITHER
    if current or previous:
        return Revision.CURRENT if current else Revision.PREVIOUS
    if shown[evidence.ALONE_UNTIMED]:
        return Revision.PREVIOUS  # attributes alone would be samples without any value
    if shown[evidence.ALONE_UNEQUAL]:
        return Revision.CURRENT
    return Revision.PREVIOUS if shown[evidence.ALONE_FOREIGN] else Revision.CURRENT
