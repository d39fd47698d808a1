"""Folding is a law: any order and any repetition of what was said gives the same dossier, and each rule by hand."""

from datetime import timedelta
from random import Random

import pytest

from gateway.dossiers.codes import parse_dossier_code
from gateway.dossiers.dossier import Channel, Dossier, DossierStatus, Moment, Supplement
from gateway.dossiers.fold import fold
from gateway.dossiers.statement import Statement
from tests.dossiers.told import CODE, START, event, history, said, vietnam, whole

PARSED = parse_dossier_code(CODE)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def folded(*told: Statement) -> Dossier:
    return fold(PARSED, told)


@pytest.mark.parametrize("seed", range(200))
def test_order_and_repetition_change_nothing(seed: int) -> None:
    random = Random(seed)
    told = history(random)
    once = fold(PARSED, told)
    for _ in range(4):
        again = [*told, *random.choices(told, k=random.randint(0, 10))]
        random.shuffle(again)
        assert fold(PARSED, again) == once
    stored = [Statement.of(statement.body()) for statement in reversed(told)]
    assert fold(PARSED, stored) == once


def test_the_histories_differ_enough_to_mean_something() -> None:
    assert len({fold(PARSED, history(Random(seed))) for seed in range(200)}) > 190


def test_of_two_statements_the_later_one_counts_and_not_the_one_that_came_last() -> None:
    early = said(event("accepted", START, MaTTHC="1.001193", NgayHenTra=vietnam(START + DAY)))
    late = said(event("transferred", START + HOUR, DonViXuLy="000.00.S02.H99", NgayHenTra=vietnam(START + 2 * DAY)))
    dossier = folded(late, early)
    assert (dossier.status, dossier.due_at) == (DossierStatus.IN_PROCESS, START + 2 * DAY)
    assert (dossier.procedure, dossier.updated_at) == ("1.001193", START + HOUR)
    assert dossier.moments == (
        Moment(status=DossierStatus.ACCEPTED, at=START, unit="H99.40"),
        Moment(status=DossierStatus.IN_PROCESS, at=START + HOUR, unit="H99.S02"),
    )


def test_what_an_event_implies_gives_way_to_what_is_said_in_so_many_words() -> None:
    finished = said(event("finished", START + DAY))
    assert folded(finished).ended_at == START + DAY
    correction = said(event("paid", START + HOUR, NgayKetThucXuLy=vietnam(START + 2 * HOUR)))
    assert folded(finished, correction).ended_at == START + 2 * HOUR
    assert folded(correction).status is None
    assert folded(said(event("received", START))).filed_at == START


def test_nothing_is_invented() -> None:
    dossier = folded(said(event("paid", START)))
    assert (dossier.code, dossier.receiving_unit) == (CODE, "H99.40")
    unknown = (dossier.procedure, dossier.channel, dossier.status, dossier.handling_unit, dossier.received_at)
    assert unknown == (None,) * 5
    assert (dossier.claimed.vneid_verified, dossier.claimed.has_digitised_part, dossier.paid_online) == (None,) * 3
    with pytest.raises(ValueError, match="nothing was said"):
        folded()


def test_supplements_are_opened_and_answered_in_the_order_of_their_times() -> None:
    asked = [
        said(event("supplement_requested", START + at, HanBoSung=vietnam(START + 9 * DAY))) for at in (HOUR, 3 * DAY)
    ]
    answered = said(event("supplemented", START + DAY))
    dossier = folded(answered, *asked)
    assert dossier.supplements == (
        Supplement(asked_at=START + HOUR, due_at=START + 9 * DAY, answered_at=START + DAY),
        Supplement(asked_at=START + 3 * DAY, due_at=START + 9 * DAY),
    )
    assert dossier.status is DossierStatus.SUPPLEMENT_REQUESTED
    assert folded(answered).supplements == ()


def test_an_event_adds_papers_and_a_whole_message_says_all_of_them() -> None:
    first = said(event("received", START, TaiLieuNop=[paper("T1"), paper("T2")]))
    more = said(event("supplemented", START + HOUR, TaiLieuNop=[paper("T3"), paper("T1", IsDeleted="1")]))
    assert [one.id for one in folded(more, first).inputs] == ["T2", "T3"]
    all_of_it = said(whole(TaiLieuNop=[paper("T9", DuocTaiSuDung="2")]), "whole", at=START + 2 * HOUR)
    papers = folded(all_of_it, more, first).inputs
    assert [(one.id, one.reused, one.digitised, one.has_file) for one in papers] == [("T9", True, None, True)]
    without = said(whole(), "whole", at=START + 3 * HOUR)
    assert folded(without, all_of_it).inputs == papers


def test_a_whole_message_dates_its_status_by_its_own_times() -> None:
    done = whole(TrangThaiHoSo="9", NgayKetThucXuLy=vietnam(START + DAY))
    dossier = folded(said(done, "whole", at=START + 5 * DAY))
    assert dossier.moments == (Moment(status=DossierStatus.DONE, at=START + DAY, unit="H99.40"),)
    assert (dossier.channel, dossier.procedure, dossier.ended_at) == (Channel.ONLINE, "1.004222", START + DAY)
    row = {"MaHoSo": CODE, "ThoiDiemXuLy": vietnam(START + HOUR), "TrangThai": "processing", "NguoiXuLy": "Cán bộ A"}
    assert [one.status for one in folded(said(row, "step"), said(done, "whole", at=START + 5 * DAY)).moments] == [4, 9]


def paper(identity: str, **more: str) -> dict[str, str]:
    return {"TepDinhKemId": identity, "MaThanhPhanHoSo": "TP1", "DuongDanTaiTepTin": "https://kho.example/1", **more}
