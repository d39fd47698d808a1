"""Ids that begin with the time they were made in."""

from datetime import UTC, datetime, timedelta

from gateway.vocabulary.clock import SystemRandomness, ordered_token

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def test_ids_sort_by_the_millisecond_they_were_made_in_and_never_shrink():
    chance = SystemRandomness()
    made = [ordered_token(NOON + timedelta(milliseconds=step), chance.octets(16)) for step in range(0, 90_000, 7)]
    assert made == sorted(made)
    assert {len(token) for token in made} == {44}
    assert ordered_token(datetime(1970, 1, 1, tzinfo=UTC), b"\0" * 16) == "0" * 44


def test_ids_of_one_moment_keep_all_that_chance_gave():
    chance = [SystemRandomness().octets(16) for _ in range(500)]
    made = {ordered_token(NOON, octets) for octets in chance}
    assert len(made) == 500
    assert {token[12:] for token in made} == {octets.hex() for octets in chance}
    assert {token[:12] for token in made} == {f"{int(NOON.timestamp() * 1000):012x}"}
