"""Base64url is the standard library's, without padding."""

import random
from base64 import urlsafe_b64encode

import pytest

from gateway.vocabulary.base64url import base64url


@pytest.mark.parametrize(
    ("octets", "text"),
    [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"\xfb\xff\xfe", "-__-")],  # RFC 4648 §10 and §5
)
def test_the_vectors_of_the_standard(octets: bytes, text: str) -> None:
    assert base64url(octets) == text


def test_any_octets_are_written_as_the_standard_library_does() -> None:
    chance = random.Random(6)
    for length in range(200):
        octets = chance.randbytes(length)
        assert base64url(octets) == urlsafe_b64encode(octets).rstrip(b"=").decode()
