"""Writes recordings for tests: any events, any encoding of numbers and strings, as a JVM might and as none would."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

UTF8, UTF16, LATIN1, REFERENCE = 3, 4, 5, 2

#: (class, method, line), from the leaf to the root.
Stack = tuple[tuple[str, str, int], ...]

_CORRELATION = [(name, "long") for name in ("contextId", "spanId", "spanName", "traceIdHi", "traceIdLo")]
_SAMPLE = [("startTime", "long"), ("eventThread", "&java.lang.Thread"), ("stackTrace", "&jdk.types.StackTrace")]

#: Fields of each class: ``&`` is a reference into a pool, ``[]`` an array. What is odd is there to be gone past.
CLASSES: dict[str, list[tuple[str, str]]] = {
    **{name: [] for name in ("boolean", "byte", "char", "short", "int", "long", "float", "double", "java.lang.String")},
    "java.lang.Thread": [("osName", "java.lang.String"), ("osThreadId", "long"), ("group", "&test.Odd")],
    "java.lang.Class": [("classLoader", "&test.Odd"), ("name", "&jdk.types.Symbol"), ("modifiers", "int")],
    "jdk.types.Symbol": [("string", "java.lang.String")],
    "jdk.types.Method": [
        ("type", "&java.lang.Class"),
        ("name", "&jdk.types.Symbol"),
        ("descriptor", "&jdk.types.Symbol"),
        ("hidden", "boolean"),
    ],
    "jdk.types.FrameType": [("description", "java.lang.String")],
    "jdk.types.StackFrame": [
        ("method", "&jdk.types.Method"),
        ("lineNumber", "int"),
        ("bytecodeIndex", "int"),
        ("type", "&jdk.types.FrameType"),
    ],
    "jdk.types.StackTrace": [("truncated", "boolean"), ("frames", "[]jdk.types.StackFrame")],
    "jdk.types.ThreadState": [("name", "java.lang.String")],
    "test.Inner": [("ratio", "double"), ("letters", "[]char"), ("name", "java.lang.String")],
    "test.Empty": [],
    "test.Odd": [
        ("inner", "test.Inner"),
        ("many", "[]test.Inner"),
        ("none", "[]test.Empty"),
        ("share", "float"),
        ("flag", "byte"),
        ("keys", "[]&java.lang.Class"),
        ("small", "short"),
    ],
    "jdk.ExecutionSample": [*_SAMPLE, ("odd", "test.Odd"), ("state", "&jdk.types.ThreadState"), *_CORRELATION],
    "profiler.WallClockSample": [*_SAMPLE, ("state", "&jdk.types.ThreadState"), ("samples", "int"), *_CORRELATION],
    "jdk.ObjectAllocationInNewTLAB": [*_SAMPLE, ("allocationSize", "long"), ("tlabSize", "long"), *_CORRELATION],
    "jdk.ObjectAllocationOutsideTLAB": [*_SAMPLE, *_CORRELATION, ("allocationSize", "long")],
    "jdk.ObjectAllocationSample": [*_SAMPLE, ("weight", "long")],
    "jdk.JavaMonitorEnter": [("startTime", "long"), ("duration", "long"), *_SAMPLE[1:], *_CORRELATION],
    "jdk.ThreadPark": [("startTime", "long"), ("duration", "long"), *_SAMPLE[1:], ("parkedClass", "&java.lang.Class")],
    "profiler.LiveObject": [*_SAMPLE, ("allocationSize", "long")],
    "profiler.Malloc": [*_SAMPLE, ("address", "long"), ("size", "long")],
    "jdk.ActiveSetting": [
        ("startTime", "long"),
        ("id", "long"),
        ("name", "java.lang.String"),
        ("value", "java.lang.String"),
    ],
    "test.Unknown": [("odd", "test.Odd")],
}
#: The JDK's own ids are of this kind; 0 and 1 are the metadata and the checkpoints.
IDS = {name: 20 + index for index, name in enumerate(CLASSES)}
STATES = ("STATE_RUNNABLE", "STATE_SLEEPING", "STATE_PARKED")
NO_STACK = -1


@dataclass(frozen=True)
class Event:
    """One event; fields that are not named are 0."""

    name: str
    stack: int = 0  #: index of the stacks of the chunk, NO_STACK: a key that is in no pool
    state: int = 0  #: index of STATES; above them: a key that is in no pool
    numbers: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoding:
    """How a chunk is written."""

    plain: bool = False
    text: int = UTF8
    first_key: int = 1  #: of the constants of each pool
    checkpoints: int = 1
    checkpoint_last: bool = True


@dataclass
class Writer:
    """Collects bytes."""

    encoding: Encoding
    out: bytearray = field(default_factory=bytearray)
    pooled: list[str] = field(default_factory=list)

    def number(self, value: int, size: int) -> None:
        if self.encoding.plain:
            self.out += value.to_bytes(size, "big", signed=value < 0)
            return
        value &= (1 << (32 if size == 4 else 64)) - 1
        for _ in range(8):
            if value < 128:
                self.out.append(value)
                return
            self.out.append(value & 127 | 128)
            value >>= 7
        self.out.append(value)

    def text(self, text: str, *, may_refer: bool = True) -> None:
        kind = self.encoding.text
        if not text:
            self.out.append(1)
        elif kind == REFERENCE and may_refer:
            self.out.append(REFERENCE)
            self.number(self.encoding.first_key + len(self.pooled), 8)
            self.pooled.append(text)
        elif kind == UTF16:
            units = text.encode("utf-16-le")
            self.out.append(UTF16)
            self.number(len(units) // 2, 4)
            for unit in struct.unpack(f"<{len(units) // 2}H", units):
                self.number(unit, 2)
        else:
            latin1 = kind == LATIN1 and text.isascii()
            content = text.encode()
            self.out.append(LATIN1 if latin1 else UTF8)
            self.number(len(content), 4)
            self.out += content

    def odd(self) -> None:
        """A value of test.Odd, with every kind of field there is."""
        self.inner()
        self.number(2, 4)
        self.inner()
        self.inner()
        self.number(3, 4)  # elements without a field have no bytes
        self.out += struct.pack(">f", 0.5)
        self.out += b"\xff"
        self.number(2, 4)
        self.number(300, 8)
        self.number(-1, 8)
        self.number(-2, 2)

    def inner(self) -> None:
        self.out += struct.pack(">d", -1.5)
        self.number(2, 4)
        self.number(65, 2)
        self.number(0x20AC, 2)
        self.text("odd")

    def event(self, type_id: int, content: Writer) -> None:
        """Add an event around the content; its size takes four bytes, as the JDK's do."""
        head = Writer(self.encoding)
        head.number(type_id, 8)
        size = 4 + len(head.out) + len(content.out)
        if self.encoding.plain:
            self.number(size, 4)
        else:
            self.out += bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128, size >> 21])
        self.out += head.out + content.out


def recording(*chunks: bytes) -> bytes:
    return b"".join(chunks)


def write_chunk(events: Sequence[Event], stacks: Sequence[Stack] = (), encoding: Encoding | None = None) -> bytes:
    """Return a whole chunk."""
    encoding = encoding or Encoding()
    pooled: list[str] = []
    body = Writer(encoding)
    for event in events:
        content = Writer(encoding, pooled=pooled)
        _write_event(content, event, len(stacks))
        body.event(IDS[event.name], content)
    checkpoints = Writer(encoding)
    for index in range(encoding.checkpoints):
        checkpoints.event(1, _checkpoint(encoding, stacks[index :: encoding.checkpoints], index, len(stacks), pooled))
    parts = (body.out, checkpoints.out) if encoding.checkpoint_last else (checkpoints.out, body.out)
    return assemble(b"".join(parts), metadata_content(described(CLASSES), encoding), encoding)


def assemble(content: bytes, metadata: Writer, encoding: Encoding) -> bytes:
    """Return a chunk of events and the content of its metadata, which come last."""
    tail = Writer(encoding)
    tail.event(0, metadata)
    at = 68 + len(content)
    header = struct.pack(
        ">4sHHQQQQQQQI", b"FLR\0", 2, 0, at + len(tail.out), 0, at, 1, 1, 1, 10**9, int(not encoding.plain)
    )
    return header + content + bytes(tail.out)


def _write_event(writer: Writer, event: Event, stacks: int) -> None:
    first = writer.encoding.first_key
    for name, kind in CLASSES[event.name]:
        if name == "stackTrace":
            writer.number(first + (event.stack if event.stack != NO_STACK else stacks), 8)
        elif name == "state":
            writer.number(first + event.state, 8)
        elif name == "odd":
            writer.odd()
        elif kind == "java.lang.String":
            writer.text(event.texts.get(name, ""))
        else:
            writer.number(event.numbers.get(name, 0), 4 if kind == "int" else 8)


def _checkpoint(encoding: Encoding, stacks: Sequence[Stack], index: int, stack_count: int, pooled: list[str]) -> Writer:
    """One of several checkpoints: its share of the stacks, and in the first one everything else."""
    writer = Writer(encoding, pooled=pooled)
    first = encoding.first_key
    symbols: dict[str, int] = {}
    classes: dict[str, int] = {}
    methods: dict[tuple[str, str], int] = {}
    # Each checkpoint has keys of its own for what its stacks lead to.
    base = first + index * 1000
    frames = Writer(encoding)
    frames.number(len(stacks), 4)
    for row, stack in enumerate(stacks):
        frames.number(first + index + row * encoding.checkpoints, 8)
        frames.out.append(0)
        frames.number(len(stack), 4)
        for owner, method, line in stack:
            frames.number(base + methods.setdefault((owner, method), len(methods)), 8)
            for value in (line, 7):
                frames.number(value, 4)
            frames.number(1, 8)
    pools = [("jdk.types.StackTrace", frames.out)]
    pools.append(("jdk.types.Method", _methods(encoding, base, methods, classes, symbols)))
    pools.append(("java.lang.Class", _classes_pool(encoding, base, classes, symbols)))
    pools.append(("jdk.types.Symbol", _texts(writer, base, list(symbols))))
    if not index:
        pools.append(("jdk.types.ThreadState", _texts(writer, first, STATES)))
        odd = Writer(encoding, pooled=pooled)
        odd.number(1, 4)
        odd.number(-5, 8)
        odd.odd()
        pools.insert(0, ("test.Odd", odd.out))
    if index == encoding.checkpoints - 1:
        strings = Writer(encoding)
        strings.number(len(pooled), 4)
        for key, text in enumerate(pooled, first):
            strings.number(key, 8)
            strings.text(text, may_refer=False)
        pools.append(("java.lang.String", strings.out))
    for _ in range(3):
        writer.number(0, 8)
    writer.out.append(1)
    writer.number(len(pools), 4)
    for name, content in pools:
        writer.number(IDS[name], 8)
        writer.out += content
    return writer


def _methods(
    encoding: Encoding, base: int, methods: dict[tuple[str, str], int], classes: dict[str, int], symbols: dict[str, int]
) -> bytearray:
    writer = Writer(encoding)
    writer.number(len(methods), 4)
    for (owner, name), key in methods.items():
        writer.number(base + key, 8)
        writer.number(base + classes.setdefault(owner, len(classes)), 8)
        writer.number(base + symbols.setdefault(name, len(symbols)), 8)
        writer.number(0, 8)
        writer.out.append(1)
    return writer.out


def _classes_pool(encoding: Encoding, base: int, classes: dict[str, int], symbols: dict[str, int]) -> bytearray:
    writer = Writer(encoding)
    writer.number(len(classes), 4)
    for owner, key in classes.items():
        writer.number(base + key, 8)
        writer.number(-5, 8)
        writer.number(base + symbols.setdefault(owner, len(symbols)), 8)
        writer.number(1, 4)
    return writer.out


def _texts(shared: Writer, base: int, texts: Sequence[str]) -> bytearray:
    writer = Writer(shared.encoding, pooled=shared.pooled)
    writer.number(len(texts), 4)
    for key, text in enumerate(texts, base):
        writer.number(key, 8)
        writer.text(text)
    return writer.out


#: An element of the metadata: name, attributes, elements inside.
Element = tuple[str, dict[str, str], list["Element"]]


def described(classes: dict[str, list[tuple[str, str]]]) -> Element:
    """Return the element that describes classes; a field may be of a class that is not there."""
    elements: list[Element] = []
    for name, fields in classes.items():
        inside: list[Element] = [("annotation", {"class": "7", "value": name}, [])]
        for field_name, kind in fields:
            is_array, kind = kind.startswith("[]"), kind.removeprefix("[]")
            attributes = {"name": field_name, "class": str(IDS.get(kind.removeprefix("&"), 9999))}
            if kind.startswith("&"):
                attributes["constantPool"] = "true"
            if is_array:
                attributes["dimension"] = "1"
            inside.append(("field", attributes, [("annotation", {"class": "7"}, [])]))
        attributes = {"id": str(IDS[name]), "name": name}
        if name.startswith(("jdk.", "profiler.", "test.Unknown")) and not name.startswith("jdk.types."):
            attributes["superType"] = "jdk.jfr.Event"
        elements.append(("class", attributes, inside))
    return ("root", {}, [("metadata", {}, elements), ("region", {"locale": "en", "gmtOffset": "0"}, [])])


def metadata_content(root: Element, encoding: Encoding) -> Writer:
    """Return the content of a metadata event."""
    texts: dict[str, int] = {}
    numbers: list[int] = []

    def add(element: Element) -> None:
        name, attributes, inside = element
        numbers.append(texts.setdefault(name, len(texts)))
        numbers.append(len(attributes))
        for pair in attributes.items():
            numbers.extend(texts.setdefault(text, len(texts)) for text in pair)
        numbers.append(len(inside))
        for one in inside:
            add(one)

    add(root)
    writer = Writer(encoding)
    for _ in range(3):
        writer.number(0, 8)
    writer.number(len(texts), 4)
    for text in texts:
        writer.text(text, may_refer=False)
    for value in numbers:
        writer.number(value, 4)
    return writer
