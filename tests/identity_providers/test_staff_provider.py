"""A provider of the staff realm: what its table may say, and what is read of an account."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import UpstreamAnswerInvalid
from gateway.identity_providers.staff_claims import read_staff

TABLE: dict[str, Any] = {
    "alias": "staff",
    "kind": "openid_connect",
    "realm": "staff",
    "label": "Cán bộ",
    "issuer": "https://sso.example",
    "client_id": "gate06",
    "client_secret": "s" * 20,
}
CLAIMS = {"staff_number": "CB-0042", "agency_code": "H55.01", "roles": ["auditor", "security_officer", "auditor"]}


def settings(**changes: Any) -> IdentityProviderSettings:
    return IdentityProviderSettings.model_validate(TABLE | changes)


def test_an_account_is_read_whole() -> None:
    account = read_staff(settings(), CLAIMS)
    assert (account.number, account.agency) == ("CB-0042", "H55.01")
    assert account.roles == ("security_officer", "auditor")


def test_names_and_roles_are_mapped_and_what_is_not_mapped_gives_nothing() -> None:
    mapped = settings(
        claims={"staff_number": "maCanBo", "agency": "maDonVi", "roles": "vaiTro"},
        roles={"ANTT": "security_officer", "DANGKY": "registration_officer"},
    )
    told = {"maCanBo": "1", "maDonVi": "H55", "vaiTro": "DANGKY system_admin security_officer"}
    assert read_staff(mapped, told).roles == ("registration_officer",)
    assert read_staff(settings(), {**CLAIMS, "roles": ["root", "admin"]}).roles == ()
    assert read_staff(settings(), {**CLAIMS, "roles": []}).roles == ()


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        *((claim, value) for claim in ("staff_number", "agency_code") for value in (None, "", 42, "x" * 65, "a\nb")),
        *(("roles", value) for value in (None, 1, [1], {"a": 1}, ["observer"] * 101)),
    ],
)
def test_an_account_that_lacks_anything_is_no_sign_in(claim: str, value: object) -> None:
    with pytest.raises(UpstreamAnswerInvalid) as refused:
        read_staff(settings(), {**CLAIMS, claim: value})
    assert claim in refused.value.operator_detail
    with pytest.raises(UpstreamAnswerInvalid):
        read_staff(settings(), {name: one for name, one in CLAIMS.items() if name != claim})


def test_the_code_for_registers_is_read_where_a_claim_is_named_for_it() -> None:
    known = settings(claims={"register_code": "ma_can_bo"})
    for code in ("999180000101", "H55.10.02-CB7", "x" * 20):
        assert read_staff(known, {**CLAIMS, "ma_can_bo": code}).register_code == code
    assert read_staff(known, CLAIMS).register_code is None
    assert read_staff(settings(), {**CLAIMS, "register_code": "CB7"}).register_code is None
    assert not read_staff(known, CLAIMS).code_by_reference
    assert read_staff(settings(register_code_from_reference=True), CLAIMS).code_by_reference


@pytest.mark.parametrize(
    "code", ["", " CB7", "CB 7", "x" * 21, "Đinh Thị Hoà", "<a/>", "CB7\n", "-7", 7, ["CB7"], True]
)
def test_a_code_that_no_message_to_a_register_carries_is_no_sign_in(code: object) -> None:
    with pytest.raises(UpstreamAnswerInvalid) as refused:
        read_staff(settings(claims={"register_code": "ma_can_bo"}), {**CLAIMS, "ma_can_bo": code})
    assert "`ma_can_bo`" in refused.value.operator_detail
    assert not code or str(code) not in refused.value.operator_detail


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vouches_for_number": True}, "citizen"),
        ({"claims": {"personal_number": "citizenPid"}}, "citizen"),
        ({"claims": {"staff_number": ""}}, "staff_number"),
        ({"reauthenticates": False}, "reauthenticates"),
        ({"roles": {"x": "root"}}, "roles"),
        ({"realm": "citizen", "roles": {"x": "auditor"}}, "realm"),
        ({"realm": "citizen", "claims": {"register_code": "ma_can_bo"}}, "realm"),
        ({"realm": "citizen", "register_code_from_reference": True}, "realm"),
    ],
)
def test_a_table_that_mixes_the_realms_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**changes)


def test_the_direct_dialect_signs_in_no_staff() -> None:
    vneid = TABLE | {"kind": "vneid", "private_key": "x"}
    with pytest.raises(ValidationError, match="openid_connect"):
        IdentityProviderSettings.model_validate(vneid)
