"""What looks like a person's in free text, in every notation, beside what only seems to."""

import pytest

from gateway.vocabulary.persona import personas
from gateway.vocabulary.personal_words import WORDS, find_personal


def shapes(text: str) -> set[str]:
    return {found.shape for found in find_personal(text)}


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("CCCD 999041000001 gọi đến", "personal_number"),
        ("999 041 000 001", "personal_number"),
        ("999.041.000.001", "personal_number"),
        ("999-041-000-001", "personal_number"),
        ("số９９９０４１０００００１", "personal_number"),
        ("9990\u200b4100\u200b0001", "personal_number"),
        ("CCCD999041000001", "personal_number"),
        ("001.090.012.234", "personal_number"),
        ("CMND 099999003.", "old_number"),
        ("CMND-099999003", "old_number"),
        ("ĐT-0912345678", "telephone"),
        ("099 999 003", "old_number"),
        ("hộ chiếu N00000014", "passport"),
        ("gọi 0912345678", "telephone"),
        ("gọi 0912 345 678", "telephone"),
        ("gọi (0203) 3888 999", "telephone"),
        ("gọi +84 912 345 678", "telephone"),
        ("gọi 84912345678", "telephone"),
        ("thư ai.do@thu.example đến", "email"),
        ("ngày sinh 12/05/1975", "date"),
        ("12-5-1975", "date"),
        ("12.05.1975", "date"),
        ("12/5/75", "date"),
        ("1975-05-12", "date"),
        ("12051975", "date"),
        ("Ngày 12 tháng 5 năm 1975", "date"),
        ("sinh năm 1941", "birth_year"),
        ("born 1941", "birth_year"),
    ],
)
def test_a_persons_shape_is_found(text: str, shape: str) -> None:
    assert shape in shapes(text)
    assert shape in WORDS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "theo công văn 1552/BTTTT-THH tháng 11/2026",
        "Quyết định 766/QĐ-TTg năm 2022",
        "thủ tục 1.004222 và 1.001193",
        "hồ sơ H55.12.34-260205-0001",
        "báo cáo BC-2026-7K3M-Q9ZD",
        "máy chủ 192.168.100.200 cổng 8443",
        "phiên bản 1.2.10, trước đó 10.12.21",
        "sửa 15 766 2022 dòng",
        "phát sinh năm 2026",
        "99/99/1975 không phải ngày",
        "số 1234567, 12345678 và 1234567890123",
        "khoá es256-2026-11-a1",
    ],
)
def test_what_only_seems_so_is_left_alone(text: str) -> None:
    assert shapes(text) == set()


def test_every_invented_person_is_found_by_their_number() -> None:
    for one in personas():
        assert shapes(f"người có số {one.personal_number or one.passport_number}")
