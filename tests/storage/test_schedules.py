"""A key's schedule is kept, and what comes of it is HMAC-SHA-256 and HKDF all the same."""

import hmac

from gateway.storage.encryption import DataKey, KeyedIndex, expand, extract, keyed, tag

KEY = bytes(range(32))


def test_a_tag_is_the_hmac_and_leaves_the_schedule_as_it_was() -> None:
    schedule = keyed(KEY)
    for message in (b"", b"one", b"two" * 100, b"one"):
        assert tag(schedule, message) == hmac.digest(KEY, message, "sha256")


def test_a_data_key_derives_as_hkdf_does_and_each_purpose_apart() -> None:
    key = DataKey.of(KEY)
    assert key.derive("manifest:pf_1") == expand(extract(KEY), "manifest:pf_1")
    assert key.derive("manifest:pf_1") != key.derive("manifest:pf_2")
    assert key.key_id == expand(extract(KEY), "gate06 data key id")[:4]
    assert repr(key) == "DataKey(***)"


def test_a_blind_index_is_the_hmac_under_the_key_of_its_purpose() -> None:
    index = KeyedIndex(KEY)
    under = expand(KEY, "gate06 blind index: personal_number")
    expected = "b1_" + hmac.digest(under, b"999175000003", "sha256")[:16].hex()
    assert [index.blind("personal_number", "999175000003") for _ in range(2)] == [expected, expected]
    assert index.blind("old_number", "999175000003") != expected
