"""Names that the JVM, libraries and agents make up anew in each process, made equal again.

Without this each start of a program would bring functions of its own: a flame graph would fall apart, and what is
stored would grow. The rules are those of Pyroscope, so that a recording has the same functions there and here; that of
hidden classes also knows the ``+`` with which the JDK's own recorder writes their addresses.
"""

from __future__ import annotations

import re

_HEX = "[0-9a-f]+"

#: Patterns of a whole name, and what its first group is followed by.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # jdk/internal/reflect/GeneratedMethodAccessor31
    (re.compile(r"(jdk/internal/reflect/GeneratedMethodAccessor)[0-9]+"), "_"),
    # OrderService$$Lambda$669.0x0000000800fd7318, Fib$$Lambda.0x00007ffa600c4da0, Fib$$Lambda$14+0x00007f.4711
    (re.compile(rf"(.+\$\$Lambda)(?:\$?[0-9]*[./+](?:0x)?{_HEX}(?:[./][0-9]+)?|[0-9]+)"), "_"),
    # libzstd-jni-1.5.1-16931311898282279136.so
    (re.compile(r"()(?:\.?/tmp/)?libzstd-jni-[0-9]+\.[0-9]+\.[0-9]+-[0-9]+\.so(?: \(deleted\))?"), "libzstd-jni-_.so"),
    # ./tmp/libamazonCorrettoCryptoProvider109b39cf33c563eb.so, or a folder with the library inside
    (
        re.compile(
            r"()(?:\.?/tmp/)?(?:lib)?amazonCorrettoCryptoProvider(?:NativeLibraries\.)?[0-9a-f]{16}"
            r"(?:/libcrypto|/libamazonCorrettoCryptoProvider)?\.so(?: \(deleted\))?"
        ),
        "libamazonCorrettoCryptoProvider_.so",
    ),
    # libasyncProfiler-linux-arm64-17b9a1d8156277a98ccc871afa9a8f69215f92.so
    (
        re.compile(
            r"()(?:\.?/tmp/)?libasyncProfiler-(?:linux-arm64|linux-musl-x64|linux-x64|macos)-"
            rf"{_HEX}\.so(?: \(deleted\))?"
        ),
        "libasyncProfiler-_.so",
    ),
    # OrderService$$EnhancerBySpringCGLIB$$3f2a91b0
    (re.compile(r"(.+\$\$EnhancerBySpringCGLIB\$\$).*"), "_"),
)


def may_differ(name: str) -> bool:
    """Return whether a rule can hold for a name; for nearly all none can, which is found out quickly."""
    return "$$" in name or ".so" in name or "GeneratedMethodAccessor" in name


def without_generated_parts(name: str) -> str:
    """Return the name of a class or a method with what differs from process to process replaced by ``_``."""
    for pattern, ending in _RULES:
        match = pattern.fullmatch(name)
        if match is not None:
            name = match[1] + ending
    return name
