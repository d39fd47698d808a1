"""A province's own policy book: one procedure that wants a recent sign-in, on the form of permanent residence."""

from pathlib import Path

FRESH = "9.100001"
MAX_AGE_S = 300
_PROCEDURE = f"""\
code = "{FRESH}"
form_of = "1.004222"
title = {{ vi = "Thủ tục giả định cần đăng nhập mới", en = "Invented procedure that wants a new sign-in" }}
agency = {{ vi = "UBND tỉnh (giả định)", en = "Provincial committee (invented)" }}
purpose = {{ vi = "Điền sẵn tờ khai giả định", en = "To fill in an invented form" }}
kept_for = {{ vi = "Nhiều nhất 10 phút", en = "At most 10 minutes" }}
basis = "law"
minimum_level = 2
max_age_s = {MAX_AGE_S}

[[legal_basis]]
vi = "Quy chế giả định"
en = "Invented rules"
read = "unverified"
note = "invented"
"""


def write_fresh_book(folder: Path) -> Path:
    """Write the book and return its folder."""
    procedures = folder / "fresh-book" / "procedures"
    procedures.mkdir(parents=True)
    (procedures / f"{FRESH}_dang-nhap-moi.toml").write_text(_PROCEDURE, "utf-8")
    return procedures.parent
