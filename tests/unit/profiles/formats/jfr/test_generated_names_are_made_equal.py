"""Names that differ from process to process are one name; all others stay as they are."""

from __future__ import annotations

import pytest

from ingest.profiles.formats.jfr.generated_names import without_generated_parts

CASES = {
    "jdk/internal/reflect/GeneratedMethodAccessor31": "jdk/internal/reflect/GeneratedMethodAccessor_",
    "jdk/internal/reflect/GeneratedMethodAccessor31x": "jdk/internal/reflect/GeneratedMethodAccessor31x",
    "org/example/OrderService$$Lambda$669.0x0000000800fd7318": "org/example/OrderService$$Lambda_",
    "org/example/OrderService$$Lambda$669/0x0000000800fd7318": "org/example/OrderService$$Lambda_",
    "Billing$$Lambda$14+0x00007f0ef9003a10.831236296": "Billing$$Lambda_",
    "Billing$$Lambda$14+0x00007f0ef9003a10/831236296": "Billing$$Lambda_",
    "Fib$$Lambda.0x00007ffa600c4da0": "Fib$$Lambda_",
    "Fib$$Lambda/1818544933": "Fib$$Lambda_",
    "Fib$$Lambda77": "Fib$$Lambda_",
    "Fib$$Lambda": "Fib$$Lambda",
    "Fib$$LambdaForm$MH.0x00007f828e002800": "Fib$$LambdaForm$MH.0x00007f828e002800",
    "libzstd-jni-1.5.1-16931311898282279136.so": "libzstd-jni-_.so",
    "/tmp/libzstd-jni-1.5.1-16931311898282279136.so (deleted)": "libzstd-jni-_.so",
    "/opt/libzstd-jni-1.5.1-16931311898282279136.so": "/opt/libzstd-jni-1.5.1-16931311898282279136.so",
    "./tmp/libamazonCorrettoCryptoProvider109b39cf33c563eb.so": "libamazonCorrettoCryptoProvider_.so",
    "./tmp/amazonCorrettoCryptoProviderNativeLibraries.7382c2f79097f415/libcrypto.so (deleted)": (
        "libamazonCorrettoCryptoProvider_.so"
    ),
    "libasyncProfiler-linux-x64-17b9a1d8156277a98ccc871afa9a8f69215f92.so": "libasyncProfiler-_.so",
    "/tmp/libasyncProfiler-linux-musl-x64-0123abc.so": "libasyncProfiler-_.so",
    "libasyncProfiler.so": "libasyncProfiler.so",
    "OrderService$$EnhancerBySpringCGLIB$$3f2a91b0": "OrderService$$EnhancerBySpringCGLIB$$_",
    "java/lang/String": "java/lang/String",
    "": "",
}


@pytest.mark.parametrize(("name", "expected"), CASES.items())
def test_what_differs_from_process_to_process_is_replaced(name: str, expected: str) -> None:
    assert without_generated_parts(name) == expected


def test_a_name_that_was_replaced_stays_as_it_is() -> None:
    for expected in CASES.values():
        assert without_generated_parts(expected) == expected


def test_a_long_name_takes_no_long_time() -> None:
    """Backtracking over this would take minutes; the test's time limit is the assertion."""
    name = "$$Lambda" * 20_000 + "0" * 200_000 + "x"

    assert without_generated_parts(name) == name
