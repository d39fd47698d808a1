"""The search for values in clear, and the searcher itself."""

import base64
import json
import os
import re
from urllib.parse import quote

import pytest

from gateway.vocabulary.persona import persona
from tests.proofs import canaries
from tests.proofs.needles import alignments, date_notations, notations, persona_needles

pytestmark = pytest.mark.anyio
NAME = persona(6).full_name


async def test_nothing_of_a_person_comes_out_in_clear(tmp_path):
    figures = await canaries.prove(tmp_path, faults=("malformed", "other_person"), ways=("before", "after"))
    for found in figures.values():
        assert (found["found"], found["journeys"]["refused"]) == (0, 8)
        assert found["forced_500"]["before"] >= found["routes"] > 25
        assert len(found["planted_and_found"]) >= 7


@pytest.mark.parametrize(
    "leaked",
    [
        NAME.encode(),
        NAME.upper().encode(),
        quote(NAME).encode(),
        re.sub("%..", lambda found: found[0].lower(), quote(NAME)).encode(),
        base64.b64encode(f"x{NAME}".encode()),
        base64.urlsafe_b64encode(f"xy{NAME}!".encode()),
        base64.b64encode(json.dumps({"name": NAME}, ensure_ascii=False).encode()),
        json.dumps(NAME).encode(),
        json.dumps(NAME.upper()).encode(),
        NAME.encode().hex().encode(),
        b"born 10.3.1988" if persona(6).birth_date == "1988-03-10" else persona(6).birth_date.encode(),
        str(persona(6).personal_number).encode(),
        base64.b64encode(b"1" + str(persona(6).personal_number).encode()),
    ],
)
def test_a_leak_is_found_in_every_notation(leaked):
    finds = list(persona_needles().search("here", os.urandom(5000) + leaked + os.urandom(5000)))
    assert any(find.owner.startswith("persona 6 ") for find in finds)


def test_random_octets_and_tokens_hold_nothing():
    content = os.urandom(500_000) + base64.b64encode(os.urandom(500_000)) + os.urandom(500_000).hex().encode()
    assert list(persona_needles().search("here", content)) == []


def test_short_digits_count_only_when_they_stand_alone():
    needles = persona_needles()
    (date,) = [one for one in date_notations("1975-05-12") if one == "19750512"]
    assert list(needles.search("here", f"x {date} y".encode()))
    assert not list(needles.search("here", f"9{date}4".encode()))


def test_what_is_too_short_is_told():
    assert any("persona 2 full_name" in one for one in persona_needles().left_out)
    assert any("persona 1 birth_date" in one for one in persona_needles().left_out)


def test_alignments_are_what_base64_writes_wherever_a_value_stands():
    for before in range(9):
        written = base64.b64encode(b"#" * before + NAME.encode() + b"##")
        assert any(one in written for one in alignments(NAME.encode()))
    assert len({octets for _, octets in notations(NAME)}) > 40
