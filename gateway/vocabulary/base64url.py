"""Base64url without padding, as tokens, tags and hashes are written (RFC 7515 §2, RFC 4648 §5)."""

from binascii import b2a_base64

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def base64url(octets: bytes) -> str:
    """Return octets as base64url without padding.

    A form has some thirty of them: this goes past the layers of the `base64` module, which do the same in three calls.
    """
    return b2a_base64(octets, newline=False).rstrip(b"=").translate(_URL_SAFE).decode("ascii")
