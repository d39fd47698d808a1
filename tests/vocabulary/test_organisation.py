"""Organisations: what is kept of one, and the invented ones of the demo."""

import pytest

from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.organisation import Organisation
from gateway.vocabulary.organisation_persona import organisation_personas
from gateway.vocabulary.persona import personas

COMPANY = Organisation(kind="business", name="Công ty Giả Định", tax_code="9900000101", business_code="9900000101")
CLUB = Organisation(kind="organisation", name="Hội", tax_code="9900000102")


@pytest.mark.parametrize("one", [COMPANY, CLUB])
def test_what_is_kept_is_read_again(one):
    assert Organisation.of(one.body()) == one
    citizen = Citizen(id="c", full_name="Sơn", account_type="organisation", organisation=one)
    assert Citizen.of(citizen.body()) == citizen


def test_what_is_not_known_is_not_told():
    assert CLUB.body() == {"kind": "organisation", "name": "Hội", "tax_code": "9900000102"}


def test_one_person_acting_for_two_is_three():
    own = Citizen(id="c", full_name="Sơn")
    acting = [Citizen(id="c", full_name="Sơn", organisation=one).acting for one in (COMPANY, CLUB)]
    assert len({own.acting, *acting}) == 3
    assert own.acting == "c"


def check_digit(tax_code: str) -> int:
    """Return the check digit that a real tax code of these nine digits would have."""
    weights = (31, 29, 23, 19, 17, 13, 7, 5, 3)
    return 10 - sum(int(digit) * weight for digit, weight in zip(tax_code, weights, strict=False)) % 11


def test_the_invented_ones_stand_beside_the_people_and_are_nobodys():
    found = organisation_personas()
    assert [one.index for one in found] == [101, 102, 103]
    assert {one.organisation.kind for one in found} == {"business", "organisation"}
    assert {len(one.organisation.tax_code) for one in found} == {10, 13}
    for one in found:
        assert one.representative in personas()
        assert one.account.level is None
        assert one.full_name == one.representative.full_name
        assert int(one.organisation.tax_code[9]) != check_digit(one.organisation.tax_code)
