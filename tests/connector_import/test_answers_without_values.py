"""Answers that say too little: a DataSet, one text alone, marks of a person that may be nil."""

from pathlib import Path

import pytest

from gateway.connector_import.draft import about_of, fields_of
from gateway.connector_import.failure import DescriptionRefused
from gateway.connector_import.wsdl import draft_wsdl

DESCRIPTION = Path(__file__).parent / "services/hoc_ba.wsdl"
RECORD = '<xs:element ref="hb:HocBa" minOccurs="0"/>'
CITIZEN = '<xs:element name="HoTen" type="xs:string" minOccurs="0"/>'
DATA_SET = (
    '<xs:element name="KetQua"><xs:complexType><xs:sequence><xs:element ref="xs:schema"/><xs:any/></xs:sequence>'
    "</xs:complexType></xs:element>"
)


def changed(place: Path, old: str, new: str) -> Path:
    text = DESCRIPTION.read_text("utf-8")
    assert old in text
    file = place / "x.wsdl"
    file.write_text(text.replace(old, new), "utf-8")
    return file


def test_an_answer_that_says_at_run_time_what_it_is_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(DescriptionRefused) as caught:
        draft_wsdl(changed(tmp_path, RECORD, DATA_SET))
    assert (
        "`XemHocBa`: its answer `DapHocBa` holds no value: `KetQua`: it may hold anything (`any`" in caught.value.detail
    )


def test_beside_other_values_it_is_left_out_by_name(tmp_path: Path) -> None:
    draft = draft_wsdl(changed(tmp_path, RECORD, RECORD + DATA_SET))
    assert fields_of(draft, "thu")
    draft = draft_wsdl(changed(tmp_path, '<xs:element ref="hb:Lop"/>', '<xs:element ref="hb:Lop"/>' + DATA_SET))
    fields_of(draft, "thu")
    assert any("`KetQua` was left out: it may hold anything" in one for one in draft.notes)


@pytest.mark.parametrize(("kind", "told"), [("string", True), ("date", False)])
def test_an_answer_of_one_text_is_told(tmp_path: Path, kind: str, told: bool) -> None:
    draft = draft_wsdl(changed(tmp_path, RECORD, f'<xs:element name="KetQua" type="xs:{kind}"/>'))
    assert any("the whole answer is one text, `KetQua`" in one for one in draft.notes) is told
    assert not any("whole answer" in one for one in draft_wsdl(DESCRIPTION).notes)


def test_a_mark_that_may_be_nil_is_not_compared_where_a_sure_one_is(tmp_path: Path) -> None:
    nil = CITIZEN.replace("/>", ' nillable="true"/>')
    draft = draft_wsdl(changed(tmp_path, CITIZEN, nil))
    assert about_of(draft) == {"personal_number": ("CongDan", "CCCD")}
    fields_of(draft, "thu")
    assert any("`HoTen` may be nil: it is not in `record.about`" in one for one in draft.notes)
    assert set(about_of(draft_wsdl(DESCRIPTION))) == {"personal_number", "full_name"}
    number = '<xs:element name="CCCD" type="xs:string"/>'
    loose = changed(tmp_path, number + CITIZEN, number.replace("/>", ' nillable="true"/>') + nil)
    assert set(about_of(draft_wsdl(loose))) == {"personal_number", "full_name"}
