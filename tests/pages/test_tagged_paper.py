"""Papers for everybody: the tree that another program reads, its order, and what no reader should speak of."""

import re
import subprocess
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gateway.pages.layout.sheet import Sheet

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True).stdout.decode()


def tree(file: Path) -> list[tuple[int, str, str]]:
    """Return (depth, kind, text) of every element in reading order, as poppler reads the structure."""
    found: list[tuple[int, str, str]] = []
    for line in said("pdfinfo", "-struct-text", str(file)).splitlines():
        depth, told = (len(line) - len(line.lstrip())) // 2, line.strip()
        if told.startswith('"'):
            deep, kind, text = found[-1]
            found[-1] = (deep, kind, text + told.strip('"'))
        elif told:
            found.append((depth, told.split(" ")[0], ""))
    return found


def written(folder: Path, sheet: Sheet) -> Path:
    file = folder / "paper.pdf"
    file.write_bytes(sheet.octets())
    return file


@pytest.fixture
def sheet() -> Sheet:
    return Sheet("Giấy của H'Ƀil", language="vi", made_at=AT)


def test_headings_paragraphs_and_lists_are_told_apart_in_the_order_they_were_written(sheet, tmp_path):
    sheet.head("Phiếu")
    sheet.line("Lời dẫn")
    sheet.row("Họ tên", "H'Ƀil Niê Kđăm")
    sheet.row("Nơi ở", "xã Trà Hồ")
    sheet.section("Mục")
    sheet.points(["một", "hai"])
    sheet.line("Lời kết")
    told = tree(written(tmp_path, sheet))
    item = [(2, "LI"), (3, "Lbl"), (3, "LBody")]
    listed = [(1, "L"), *item, *item]
    assert [one[:2] for one in told] == [(0, "Document"), (1, "H1"), (1, "P"), *listed, (1, "H2"), *listed, (1, "P")]
    words = [text.strip() for _, _, text in told if text]
    assert words == [
        *("Phiếu", "Lời dẫn", "Họ tên", "H'Ƀil Niê Kđăm", "Nơi ở", "xã Trà Hồ"),
        *("Mục", "–", "một", "–", "hai", "Lời kết"),
    ]


def test_title_language_and_window_name_are_those_of_the_paper(sheet, tmp_path):
    sheet.head("Phiếu")
    file = written(tmp_path, sheet)
    shown = said("pdfinfo", str(file))
    assert re.search(r"Tagged:\s+yes", shown)
    assert "Giấy của H'Ƀil" in shown
    octets = file.read_bytes()
    assert b"/Lang (vi)" in octets
    assert b"/DisplayDocTitle true" in octets
    assert b"/Lang (en)" in Sheet("Slip", language="en", made_at=AT).octets()


def test_the_paper_says_that_it_is_for_everybody_and_what_it_is_called(tmp_path):
    """ISO 14289-1 §5 and §7.1: what a validator of PDF/UA-1 asks beside the tree; veraPDF itself was run by hand."""
    sheet = Sheet('Giấy <b> & "H\'Ƀil"', language="vi", made_at=AT)
    sheet.head("Phiếu")
    file = written(tmp_path, sheet)
    assert re.search(r"Metadata Stream:\s+yes", said("pdfinfo", str(file)))
    told = ElementTree.fromstring(said("pdfinfo", "-meta", str(file)))
    names = {element.tag.rpartition("}")[2]: (element.text or "").strip() for element in told.iter()}
    assert names["part"] == "1"
    titles = [one.text for one in told.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li")]
    assert titles == ['Giấy <b> & "H\'Ƀil"', "vi"]
    assert names["CreateDate"] == "2026-11-23T03:00:00+00:00"


def test_every_typeface_is_in_the_paper_with_the_letters_it_stands_for(sheet, tmp_path):
    sheet.head("Phiếu")
    sheet.row("Họ tên", "H'Ƀil Niê Kđăm")
    _, _, *fonts = said("pdffonts", str(written(tmp_path, sheet))).splitlines()
    assert len(fonts) == 2
    for font in fonts:
        embedded, subset, unicode_known = font.split()[-5:-2]
        assert (embedded, subset, unicode_known) == ("yes", "yes", "yes"), font


def test_every_mark_belongs_to_an_element_or_to_nothing(sheet, tmp_path):
    """What is drawn stands between marks: of an element, or of an artifact such as the line for a pen."""
    sheet.head("Phiếu")
    sheet.blank("Họ tên")
    sheet.row("Nơi ở", "xã Trà Hồ " * 30)
    for page in sheet._paper.pages.values():
        inside = 0
        for operator in re.findall(rb"BDC|BMC|EMC|T[jJ]\b|\bS$", bytes(page.contents), re.MULTILINE):
            if operator in {b"BDC", b"BMC"}:
                inside += 1
            elif operator == b"EMC":
                inside -= 1
            else:
                assert inside == 1, operator
        assert inside == 0
        assert b"/Artifact BMC" in page.contents
    told = tree(written(tmp_path, sheet))
    assert next(text.strip() for _, kind, text in told if kind in {"Lbl", "LBody"}) == "Họ tên"
    assert not any("..." in text for _, _, text in told)


def test_a_paper_of_many_pages_keeps_its_tree_and_loses_no_word(sheet, tmp_path):
    sheet.head("Phiếu")
    for number in range(80):
        sheet.row(f"Nhãn {number}", f"giá trị {number} của một người ở xa " * (1 + number % 4))
    sheet.section("Dài")
    sheet.line(" ".join(f"từ{number}" for number in range(2500)))
    file = written(tmp_path, sheet)
    assert int(re.search(r"Pages:\s+(\d+)", said("pdfinfo", str(file)))[1]) > 5
    told = tree(file)
    spoken = " ".join(text for _, _, text in told)
    assert re.findall(r"từ(\d+)", spoken) == [str(number) for number in range(2500)]
    assert re.findall(r"Nhãn (\d+)", spoken) == [str(number) for number in range(80)]
    # a line's end parts two words for the ear as it does for the eye
    assert all(re.fullmatch(r"(?:từ\d+ ?)+", text) for _, kind, text in told if kind == "P")
    text = said("pdftotext", str(file), "-")
    assert text == unicodedata.normalize("NFC", text)


def test_what_cannot_be_parted_at_a_space_is_copied_without_one(sheet, tmp_path):
    long = "0123456789abcdef" * 12
    sheet.row("SHA-256", long)
    assert long in "".join(text for _, _, text in tree(written(tmp_path, sheet)))


def test_letters_come_composed_whatever_was_given(sheet, tmp_path):
    sheet.line(unicodedata.normalize("NFD", "Ủy ban nhân dân xã Trà Hồ"))
    file = written(tmp_path, sheet)
    assert "Ủy ban nhân dân xã Trà Hồ" in tree(file)[-1][2]
    assert not said("pdfimages", "-list", str(file)).splitlines()[2:], "a picture would need words instead of it"
