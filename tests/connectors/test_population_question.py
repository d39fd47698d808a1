"""The question as the service wants it: order, key, escaping."""

import json

import pytest
from lxml import etree

from connectors.population.connector import LOOK_UP, NAMESPACE, VERIFY
from gateway.connector_runtime.contract import Refused, SourceTrouble
from gateway.connector_runtime.contract.lookup import Lookup, Operation, name_as_key, write_lookup
from gateway.connector_runtime.contract.simulator_question import Asked, Refusal, read_question
from gateway.vocabulary.partial_date import PartialDate

KNOWN = {
    "request_id": "01JABCDEFGHJKMNPQRSTVWXYZ0",
    "procedure": "1.004222",
    "agency": "H55.19",
    "officer": "999080000200",
    "personal_number": "999175000003",
    "old_number": None,
    "full_name": "Trần Thị Bưởi",
    "birth_date": PartialDate(1975, 5, 12),
}


OPERATION = Operation(name=LOOK_UP, namespace=NAMESPACE, code="037")


def written(speech="soap", **changes) -> bytes:
    return write_lookup(Lookup(**KNOWN | changes), OPERATION, speech)


def asked_in(body: bytes, speech="soap") -> Asked:
    return read_question(body, (LOOK_UP, VERIFY), speech)


def members(body: bytes) -> list[tuple[str, str]]:
    operation = etree.fromstring(body).find(".//{http://dancuquocgia.bca}TraCuuThongTinCongDan")
    assert operation is not None
    return [(etree.QName(one).localname, "".join(one.itertext())) for one in operation]


def test_the_elements_stand_in_the_services_order() -> None:
    assert members(written()) == [
        ("MaYeuCau", "01JABCDEFGHJKMNPQRSTVWXYZ0"),
        ("MaDVC", "1.004222"),
        ("MaTichHop", "037"),
        ("MaDonVi", "H55.19"),
        ("MaCanBo", "999080000200"),
        ("SoDinhDanh", "999175000003"),
        ("HoVaTen", "TRANTHIBUOI"),
        ("NgayThangNamSinh", "19750512"),
    ]


def test_only_one_number_is_sent() -> None:
    with_old = members(written(personal_number=None, old_number="099999003"))
    assert ("SoCMND", "099999003") in with_old
    assert "SoDinhDanh" not in dict(with_old)


def test_the_same_members_stand_in_the_object() -> None:
    told = json.loads(written("json"))
    assert list(told) == [LOOK_UP]
    texts = {name: one if isinstance(one, str) else "".join(one.values()) for name, one in told[LOOK_UP].items()}
    assert list(texts.items()) == members(written())
    assert asked_in(written("json"), "json") == asked_in(written())


@pytest.mark.parametrize(
    ("date_form", "born", "inner"),
    [
        ("wrapped", PartialDate(1941), b"<dan:Nam>1941</dan:Nam>"),
        ("wrapped", PartialDate(1941, 3), b"<dan:Nam>1941</dan:Nam>"),
        ("wrapped", PartialDate(1941, 3, 2), b"<dan:NgayThangNam>19410302</dan:NgayThangNam>"),
        ("plain", PartialDate(1941), b"<dan:NgayThangNamSinh>1941</dan:NgayThangNamSinh>"),
        ("plain", PartialDate(1941, 3, 2), b"<dan:NgayThangNamSinh>1941-03-02</dan:NgayThangNamSinh>"),
    ],
)
def test_a_birth_date_never_gains_a_day(date_form: str, born: PartialDate, inner: bytes) -> None:
    assert inner in written(date_form=date_form, birth_date=born)


@pytest.mark.parametrize(
    ("form", "key"),
    [("capitals_no_space", "HBILNIEKDAM"), ("capitals_with_space", "H'BIL NIE KDAM"), ("as_written", "H'Ƀil Niê Kđăm")],
)
def test_three_forms_of_the_name(form: str, key: str) -> None:
    assert name_as_key("H'Ƀil  Niê Kđăm", form) == key


def test_values_cannot_become_elements() -> None:
    body = written(key_form="as_written", full_name="</dan:HoVaTen><dan:MaCanBo>1</dan:MaCanBo>&x;")
    assert [name for name, _ in members(body)].count("MaCanBo") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"request_id": ""},
        {"procedure": "x" * 21},
        {"officer": " "},
        {"agency": "x" * 36},
        {"full_name": "x" * 101},
        {"personal_number": None, "old_number": None},
        {"full_name": "a\x00b", "_form": "as_written"},
    ],
)
def test_what_the_service_would_refuse_is_not_sent_and_not_quoted(changes: dict) -> None:
    form = changes.pop("_form", "capitals_no_space")
    for speech in ("soap", "json"):
        with pytest.raises(SourceTrouble) as caught:
            written(speech, key_form=form, **changes)
        assert caught.value.outcome == Refused("bad_request")
        assert "xxx" not in str(caught.value)


def test_the_simulator_reads_what_the_connector_writes() -> None:
    asked = asked_in(written())
    assert (asked.number, asked.name, asked.born) == ("999175000003", "TRANTHIBUOI", PartialDate(1975, 5, 12))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"<dan:MaDVC>1.004222</dan:MaDVC><dan:MaTichHop>037</dan:MaTichHop>",
         b"<dan:MaTichHop>037</dan:MaTichHop><dan:MaDVC>1.004222</dan:MaDVC>", "wrong place"),
        (b"<dan:MaDVC>1.004222</dan:MaDVC>", b"", "MaDVC"),
        (b"<dan:MaDVC>1.004222</dan:MaDVC>", b"<dan:MaDVC>1.004222</dan:MaDVC><dan:MaDVC>2</dan:MaDVC>", "wrong place"),
        (b"<dan:HoVaTen>TRANTHIBUOI</dan:HoVaTen>", b"", "HoVaTen"),
        (b"<dan:NgayThangNam>19750512</dan:NgayThangNam>", b"", "NgayThangNamSinh"),
        (b"<dan:SoDinhDanh>999175000003</dan:SoDinhDanh>", b"", "SoDinhDanh"),
        (b"999175000003", b"019175000003", "999"),
        (b"SoDinhDanh", b"SoCMND", "nine digits"),
        (b"MaDonVi", b"MaDonViX", "unknown element"),
        (b"TraCuuThongTinCongDan", b"TraCuuThongTin", "TraCuuThongTinCongDan"),
        (b"<soapenv:Header/>", b"<soapenv:Header>", "well-formed"),
    ],
)  # fmt: skip
def test_the_simulator_refuses_what_the_service_would(old: bytes, new: bytes, says: str) -> None:
    assert old in written()
    with pytest.raises(Refusal, match=says):
        asked_in(written().replace(old, new))
