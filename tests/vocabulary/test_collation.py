"""Vietnamese order and search: a law over random names, and ICU's own `vi` collation (in PostgreSQL) as the judge."""

import asyncio
import functools
import random
import unicodedata

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.vocabulary.collation import collation_key, find, person_key
from gateway.vocabulary.persona import personas
from tests.services import postgresql_server

LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxy"
TONES = ("", "̀", "̉", "̃", "́", "̣")
SYLLABLES = (
    "Nguyễn",
    "Trần",
    "Đỗ",
    "Đoàn",
    "Ăn",
    "Anh",
    "An",
    "Ân",
    "Hoà",
    "Hòa",
    "Hoa",
    "H'Mai",
    "Dung",
    "Dũng",
    "Y",
    "Ý",
)

letters = st.builds(
    lambda letter, tone, upper: (letter.upper() if upper else letter) + (tone if letter in "aăâeêioôơuưy" else ""),
    st.sampled_from(LETTERS),
    st.sampled_from(TONES),
    st.booleans(),
)
syllables = st.one_of(st.sampled_from(SYLLABLES), st.lists(letters, min_size=1, max_size=4).map("".join))
names = st.lists(syllables, min_size=1, max_size=4).map(" ".join)


def forms(name: str) -> set[str]:
    """Return spellings of one name: composed and not, capitals, without marks, with other apostrophes, wide spaces."""
    bare = unicodedata.normalize("NFD", name)
    bare = "".join(one for one in bare if not unicodedata.combining(one)).replace("đ", "d").replace("Đ", "D")
    return {
        unicodedata.normalize("NFC", name),
        unicodedata.normalize("NFD", name),
        name.upper(),
        name.lower(),
        bare,
        bare.upper(),
        name.replace("'", "’"),
        name.replace("'", ""),
        f"  {name.replace(' ', '   ')} ",
    }


@given(st.lists(names, max_size=12), st.randoms(use_true_random=False))
def test_the_order_is_total_and_does_not_depend_on_where_one_begins(some, chance):
    for key in (collation_key, person_key):
        ordered = sorted(some, key=key)
        mixed = list(some)
        chance.shuffle(mixed)
        again = sorted(mixed, key=key)
        assert [key(one) for one in again] == [key(one) for one in ordered]
        assert [unicodedata.normalize("NFC", " ".join(one.split())) for one in again] == [
            unicodedata.normalize("NFC", " ".join(one.split())) for one in ordered
        ]
        assert sorted(ordered, key=key) == ordered


@given(names, names)
def test_two_names_are_alike_only_when_they_are_the_same(one, other):
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (collation_key(one) == collation_key(other)) is same
    assert (person_key(one) == person_key(other)) is same


@given(st.lists(names, min_size=1, max_size=8))
def test_however_a_name_is_typed_it_is_found(some):
    for name in some:
        for typed in forms(name):
            assert name in find(typed, some, str), typed


@given(st.lists(names, max_size=8), names)
def test_what_is_found_has_every_word_and_nothing_is_lost_or_doubled(some, query):
    found = find(query, some, str)
    assert len(found) <= len(some)
    assert set(found) <= set(some)
    assert sorted(find("", some, str)) == sorted(some)
    # looking again in what was found changes nothing
    assert find(query, found, str) == found


async def _by_icu(address, words):
    connection = await asyncpg.connect(address)
    try:
        rows = await connection.fetch(
            'SELECT w FROM unnest($1::text[]) AS w ORDER BY w COLLATE "vi-x-icu", w COLLATE "C"', words
        )
    finally:
        await connection.close()
    return [row["w"] for row in rows]


def test_icu_orders_the_same_words_the_same():
    chance = random.Random(6)
    words = {
        *SYLLABLES,
        *(unicodedata.normalize("NFC", one.full_name) for one in personas()),
        "Ban 2",
        "Ban 10",
        "b",
        "B",
    }
    while len(words) < 3000:
        syllable = ""
        for _ in range(chance.randint(1, 4)):
            letter = chance.choice(LETTERS)
            letter += chance.choice(TONES) if letter in "aăâeêioôơuưy" else ""
            syllable += letter.upper() if chance.random() < 0.2 else letter
        words.add(
            unicodedata.normalize(
                "NFC", syllable if chance.random() < 0.6 else f"{syllable} {chance.choice(SYLLABLES)}"
            )
        )
    words = {word for word in words if word.isascii() or "'" not in word}
    given_order = sorted(words)
    judged = asyncio.run(_by_icu(postgresql_server().empty(), given_order))
    assert sorted(given_order, key=collation_key) == judged


def test_people_stand_by_their_given_name_then_family_then_the_words_between():
    people = [
        "Đỗ An",
        "Nguyễn An",
        "Nguyễn Thị An",
        "Nguyễn Văn An",
        "Nguyễn Ăn",
        "Trần Thị Bưởi",
        "Đỗ Minh Hoà",
        "Sơn",
    ]
    mixed = list(people)
    random.Random(3).shuffle(mixed)
    assert mixed != people
    assert sorted(mixed, key=person_key) == people
    assert sorted(["", "An"], key=person_key) == ["", "An"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("dao", ["Đào Thị Dao", "Lê Đạo"]),
        ("Đào", ["Đào Thị Dao", "Lê Đạo"]),
        ("thi dao", ["Đào Thị Dao"]),
        ("hoa", ["Hoa", "Hoà", "Hòa"]),
        ("hòa", ["Hòa", "Hoa", "Hoà"]),
        ("hbil", ["H'Ƀil Niê Kđăm"]),
        ("h’ƀil kdam", ["H'Ƀil Niê Kđăm"]),
        ("il", []),
        ("đao x", []),
    ],
)
def test_search_folds_marks_and_puts_what_was_typed_first(query, found):
    people = ["Lê Đạo", "Hòa", "H'Ƀil Niê Kđăm", "Đào Thị Dao", "Hoà", "Hoa"]
    assert find(query, people, str, person_key) == found


def test_the_key_of_another_script_or_of_nothing_is_a_key_too():
    some = ["", " ", "東京", "ʻOkina", "Ŏ", "Ƀ", "Q1", "9", "-", "é́"]
    assert len(sorted(some, key=functools.cache(collation_key))) == len(some)
