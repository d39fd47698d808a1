"""The history as files: JSON lines for programs, CSV for spreadsheets, and the proof that one event is in the log."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC

import orjson

from gateway.audit.proof import inclusion_members, prove_inclusion
from gateway.openid_provider.house import House
from gateway.openid_provider.own_pages.usage import EVERYTHING, load_history, own_event, use_of, with_names
from gateway.openid_provider.own_pages.views import Text, Use
from gateway.openid_provider.reply import NO_STORE, Reply
from gateway.vocabulary.working_days import VIETNAM

_BYTE_ORDER_MARK = "\ufeff"  # spreadsheets take a file without it for one of their own old code page
_FORMULA = re.compile(r"[=+\-@\t\r]")
_HEADER = (
    "Thời điểm (giờ Việt Nam) / Time (Vietnam)",
    "Ai / Who",
    "Cơ quan / Agency",
    "Cán bộ / Officer",
    "Mã cán bộ / Officer's id",
    "Đơn vị của cán bộ / Officer's agency",
    "Việc / What",
    "Thủ tục / Procedure",
    "Mã thủ tục / Procedure code",
    "Hồ sơ / Dossier",
    "Thông tin / Items",
    "Căn cứ pháp lý / Legal basis",
    "Quy tắc / Rule",
    "Kết quả / Outcome",
    "Mã kết quả / Outcome code",
    "Lý do / Reason",
    "Biên nhận / Receipt",
)


async def export_history(house: House, citizen_id: str, kind: str, *, year: int | None, language: str) -> Reply:
    """Return the whole history as a file. `kind` is `csv` or `jsonl`."""
    history = await load_history(house, citizen_id, year=year, limit=EVERYTHING)
    uses = [use_of(house, one) for one in await with_names(house, history)]
    name = f"gate06-usage{f'-{year}' if year else ''}.{kind}"
    if kind == "csv":
        return download(as_csv(uses, language).encode(), "text/csv; charset=utf-8; header=present", name)
    return download(as_json_lines(uses), "application/jsonl", name)


async def export_proof(house: House, citizen_id: str, receipt: str, size: int | None) -> Reply:
    """Return the proof that an event about this very person is in the log, with the event and the checkpoint; with
    `size` in a tree of that many entries, as a witness's checkpoint names it.

    Raises ReceiptUnknown for anybody else's event, NotYetIncluded in the second after it, LogQuestionMalformed for a
    size that does not hold it, LogDamaged.
    """
    event = await own_event(house, citizen_id, receipt)
    proof = inclusion_members(await prove_inclusion(house.log, event.receipt, size), with_leaf=True)
    return download(orjson.dumps(proof, option=orjson.OPT_INDENT_2), "application/json", f"{receipt}.json")


def as_json_lines(uses: Iterable[Use]) -> bytes:
    """Return one JSON object a line: words in both languages, codes as they are in the event."""
    return b"".join(orjson.dumps(members_of(use)) + b"\n" for use in uses)


def members_of(use: Use) -> dict[str, object]:
    """Return an entry as JSON. `at` is UTC; values of attributes are nowhere."""
    by = use.by
    return {
        "at": use.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "part": use.part,
        "who": None if by is None else {"client_id": by.key, "name": by.name, "agency": by.agency},
        "officer": use.officer,
        "officer_name": use.officer_name or None,
        "office": None if use.office is None else {"code": use.office.code, "name": use.office.name or None},
        "by_other": use.by_other,
        "claimed": use.claimed,
        "what": use.words,
        "procedure": None if use.procedure is None else {"code": use.procedure, "title": use.title},
        "dossier": use.dossier,
        "items": list(use.items),
        "missing": [{"item": label, "state": state} for label, state in use.missing],
        "basis": use.basis,
        "legal_basis": list(use.laws),
        "rules": list(use.rules),
        "outcome": use.outcome,
        "outcome_words": dict(use.outcome_words),
        "reason": use.reason,
        "receipt": use.receipt,
    }


def as_csv(uses: Iterable[Use], language: str) -> str:
    """Return the entries for a spreadsheet: RFC 4180 with a byte order mark, times in Vietnam, no live formula.

    The header names every column in both languages; words stand beside their codes, in the language asked for.
    """
    file = io.StringIO()
    file.write(_BYTE_ORDER_MARK)
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(_HEADER)
    writer.writerows([harmless(cell) for cell in _cells(use, language)] for use in uses)
    return file.getvalue()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: a portal chooses its own name and dossier numbers."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _cells(use: Use, language: str) -> Sequence[str]:
    def say(text: Text | None) -> str:
        return "" if text is None else text.get(language) or next(iter(text.values()), "")

    def join(texts: Iterable[Text]) -> str:
        return "; ".join(say(text) for text in texts)

    by = use.by
    return (
        use.at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S"),
        "" if by is None else say(by.name),
        "" if by is None else say(by.agency),
        use.officer_name,
        use.officer or "",
        "" if use.office is None else office_words(say(use.office.name), use.office.code),
        say(use.words),
        say(use.title),
        use.procedure or "",
        use.dossier or "",
        join(use.items),
        join(use.laws),
        join(use.rules),
        say(use.outcome_words),
        use.outcome,
        say(use.reason),
        use.receipt,
    )


def office_words(name: str, code: str) -> str:
    """Return an agency as people read it: its name with its code, or the code alone."""
    return f"{name} ({code})" if name else code


def download(body: bytes, content_type: str, name: str) -> Reply:
    """Return a file to keep; its name holds nothing personal."""
    headers = (
        ("content-type", content_type),
        ("content-disposition", f'attachment; filename="{name}"'),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
        *NO_STORE,
    )
    return Reply(200, body, headers)
