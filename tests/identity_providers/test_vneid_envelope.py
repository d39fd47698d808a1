"""The dialect's encryption: it opens what is sealed right and says one thing of everything else."""

from base64 import b64decode, b64encode
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity_providers.contract import UpstreamAnswerInvalid
from gateway.identity_providers.vneid import envelope as envelope_module
from gateway.identity_providers.vneid.adapter import read_raw_query
from gateway.identity_providers.vneid.envelope import Envelope, EnvelopeRefused
from gateway.identity_providers.vneid.simulator_seal import seal
from gateway.vocabulary.clock import SystemRandomness

RANDOM = SystemRandomness()


def encrypt(plain, secret):
    encryptor = Cipher(algorithms.AES(secret), modes.ECB()).encryptor()
    return b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


@pytest.fixture(scope="module")
def opener(rsa_key):
    return Envelope(rsa_key)


@pytest.fixture(scope="module")
def wrap(rsa_key):
    return lambda secret: b64encode(rsa_key.public_key().encrypt(secret, PKCS1v15())).decode()


@pytest.mark.parametrize("plain", [b"", b"x", b"a" * 16, "Trần Thị Bưởi".encode(), b"z" * 5000])
def test_what_the_simulator_seals_opens(opener, rsa_public_pem, plain):
    assert opener.open(*seal(plain, rsa_public_pem, RANDOM)) == plain


@pytest.mark.parametrize("size", [16, 24, 32])
def test_each_aes_key_size_of_the_dialect(opener, wrap, size):
    secret = RANDOM.octets(size)
    assert opener.open(encrypt(b"fifteen octets.\x01", secret), wrap(secret)) == b"fifteen octets."


def test_missing_padding_and_spaces_for_plus_are_mended(opener, rsa_public_pem):
    data, key = seal(b"a code of the dialect", rsa_public_pem, RANDOM, with_plus=True)
    assert "+" in data
    assert (
        opener.open(data.replace("+", " ").rstrip("="), key.replace("+", " ").rstrip("=")) == b"a code of the dialect"
    )


def broken(opener, wrap, rsa_key):
    """Yield one envelope for each step that can fail."""
    secret = RANDOM.octets(32)
    good_data, good_key = encrypt(b"fifteen octets.\x01", secret), wrap(secret)
    raw = bytearray(b64decode(good_key))
    raw[100] ^= 1
    yield "data not base64", "!!!!", good_key
    yield "data not ascii", "é" * 16, good_key
    yield "data empty", "", good_key
    yield "data not whole blocks", b64encode(b"x" * 17).decode(), good_key
    yield "key not base64", good_data, "%%%"
    yield "key empty", good_data, ""
    yield "key too short", good_data, b64encode(b"x" * 100).decode()
    yield "key too long", good_data, b64encode(b"x" * 257).decode()
    yield "key above the modulus", good_data, b64encode(b"\xff" * 256).decode()
    yield "key zero", good_data, b64encode(bytes(256)).decode()
    yield "key with broken RSA padding", good_data, b64encode(bytes(raw)).decode()
    yield "wrapped key of a wrong size", good_data, wrap(b"x" * 15)
    yield "wrapped key empty", good_data, wrap(b"")
    yield "another AES key", good_data, wrap(b"k" * 32)
    yield "AES padding zero", encrypt(b"fifteen octets.\x00", secret), good_key
    yield "AES padding beyond the block", encrypt(b"fifteen octets.\x11", secret), good_key
    yield "AES padding uneven", encrypt(b"fourteen oct..\x01\x02", secret), good_key


def test_every_broken_step_gives_the_same_refusal(opener, wrap, rsa_key):
    seen = set()
    for name, data, key in broken(opener, wrap, rsa_key):
        with pytest.raises(EnvelopeRefused) as refusal:
            opener.open(data, key)
        assert refusal.value.__cause__ is None, name
        seen.add((type(refusal.value), str(refusal.value), refusal.value.args))
    assert seen == {(EnvelopeRefused, "encrypted answer refused", ("encrypted answer refused",))}


def test_every_broken_step_does_the_same_work(wrap, rsa_key, monkeypatch):
    """One unwrapping, one decryption and one unpadding, whichever step is broken."""
    counted = {"unwrap": 0, "decrypt": 0}

    class CountingKey:
        key_size = rsa_key.key_size

        def private_numbers(self):
            return rsa_key.private_numbers()

        def decrypt(self, *given):
            counted["unwrap"] += 1
            return rsa_key.decrypt(*given)

    real = envelope_module._decrypt

    def decrypt(*given):
        counted["decrypt"] += 1
        return real(*given)

    monkeypatch.setattr(envelope_module, "_decrypt", decrypt)
    opener = Envelope(CountingKey())
    rows = list(broken(opener, wrap, rsa_key))
    for number, (_, data, key) in enumerate(rows, start=1):
        with pytest.raises(EnvelopeRefused):
            opener.open(data, key)
        assert counted == {"unwrap": number, "decrypt": number}


@given(data=st.text(max_size=200), key=st.text(max_size=200))
def test_nothing_but_the_one_refusal_comes_out(opener, data, key):
    with pytest.raises(EnvelopeRefused):
        opener.open(data, key)


def test_raw_plus_survives_where_a_form_decoder_breaks_it():
    raw = "code=aB+/c+d==&encrypt_key=x+y%2Bz&state=s%20t"
    assert read_raw_query(raw) == {"code": "aB+/c+d==", "encrypt_key": "x+y+z", "state": "s t"}
    assert parse_qs(raw)["code"] == ["aB /c d=="]


@pytest.mark.parametrize("raw", ["code=a&code=b", "code=a&c%6fde=b", "a=" + "x" * 9000])
def test_a_query_with_two_readings_is_refused(raw):
    with pytest.raises(UpstreamAnswerInvalid):
        read_raw_query(raw)
