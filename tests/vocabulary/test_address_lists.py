"""Addresses name their list; codes mean nothing without it."""

import pytest

from gateway.vocabulary.address import Address, Unit
from gateway.vocabulary.areas import shipped_lists
from gateway.vocabulary.persona import persona, personas

LISTS = shipped_lists()


def test_one_code_names_two_places() -> None:
    assert LISTS.commune("pre2025", "05467").name == "Phường Cam Giá"
    assert LISTS.commune("post2025", "05467").name == "Phường Gia Sàng"


def test_a_whole_commune_has_one_candidate_and_a_split_one_all() -> None:
    assert [one.commune.code for one in LISTS.candidates("05875")] == ["05860"]
    assert [one.commune.code for one in LISTS.candidates("05932")] == ["05908", "05941"]
    assert LISTS.candidates("99999") == ()


def test_every_former_commune_leads_to_units_of_the_list() -> None:
    for code, row in LISTS.communes["pre2025"].items():
        assert len(LISTS.candidates(code)) == len(row["became"]) >= 1
        assert row["district"] in LISTS.districts


def test_an_unknown_code_keeps_its_code() -> None:
    assert LISTS.commune("post2025", "26734") == Unit("26734", None)
    assert LISTS.address(scheme="post2025", province="79", commune="26734").display() == "26734, 79"


def test_the_wire_shape_goes_there_and_back() -> None:
    for one in personas():
        home = one.permanent_residence
        assert home is not None
        assert Address.from_wire(home.wire()) == home
    wire = LISTS.address(scheme="post2025", commune="05860", text="  Tổ 3 ").wire()
    assert wire == {
        "scheme": "post2025",
        "province": {"code": "19", "name": "Tỉnh Thái Nguyên"},
        "district": None,
        "commune": {"code": "05860", "name": "Phường Phổ Yên"},
        "detail": "Tổ 3",
        "as_received": "  Tổ 3 ",
        "candidates": [],
        "country": "VN",
    }


@pytest.mark.parametrize("index", [0, 15])
def test_there_are_fourteen_personas(index: int) -> None:
    with pytest.raises(LookupError):
        persona(index)
