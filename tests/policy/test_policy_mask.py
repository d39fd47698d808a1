"""Masks hide the middle of a value and never show more than they should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.catalogue import MaskRule
from gateway.policy.mask import mask_text


@pytest.mark.parametrize(
    ("rule", "text", "masked"),
    [
        ("name", "Trần Thị Bưởi", "T••• T•• Bưởi"),
        ("name", "Sơn", "S••"),
        ("name", "H'Ƀil Niê Kđăm", "H•••• N•• Kđăm"),
        ("number", "999175000003", "999••••••003"),
        ("number", "099999003", "•••••••••"),
        ("date", "12/05/1975", "••/••/1975"),
        ("date", "1941", "1941"),
        ("address", "Số 5, tổ 3, phường Phổ Yên, tỉnh Thái Nguyên", "••••••, phường Phổ Yên, tỉnh Thái Nguyên"),
        ("address", "phường Phổ Yên, tỉnh Thái Nguyên", "••••••, tỉnh Thái Nguyên"),
        ("address", "Thái Nguyên", "••••••"),
        ("phone", "0912345678", "09•••••678"),
        ("email", "nguoidan@example.vn", "n•••••••@example.vn"),
        ("hidden", "Kinh", "••••••"),
        ("shown", "Nam", "Nam"),
        ("name", "", ""),
        ("name", " ", " "),
    ],
)
def test_masks(rule: MaskRule, text: str, masked: str) -> None:
    assert mask_text(rule, text) == masked


@given(text=st.text())
@pytest.mark.parametrize("rule", ["name", "number", "date", "address", "phone", "email", "hidden", "shown"])
def test_any_text_can_be_masked(rule: MaskRule, text: str) -> None:
    mask_text(rule, text)
