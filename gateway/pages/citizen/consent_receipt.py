"""The consent receipt on paper: the record in words, for the person who agreed."""

from pathlib import Path

from gateway.consent.record import Consent
from gateway.openid_provider.screens import ConsentView, Page
from gateway.pages.layout.sheet import Sheet
from gateway.pages.layout.words import Words, read_phrases

_FOLDER = Path(__file__).parent
_PHRASES = (_FOLDER / "consent_record.toml", _FOLDER / "consent_receipt.toml")


def print_receipt(view: ConsentView, language: str) -> Page:
    """Return the receipt as a PDF on A4."""
    words, consent = Words(read_phrases(*_PHRASES), language), view.consent
    say = words.plain
    content = consent.content
    sheet = Sheet(f"{words('receipt')} {consent.id}", language=language, made_at=consent.happenings[-1].at)
    sheet.head(str(words("receipt")))
    sheet.row(str(words("number")), consent.id)
    sheet.row(str(words("state")), str(words(f"state_{view.state}")))
    for label, masked, shown in view.person:
        sheet.row(say(label), shown if masked == shown else masked)
    sheet.row(str(words("recipient")), say(content["recipient"]))
    sheet.row(str(words("portal")), say(view.portal_name))
    sheet.row(str(words("procedure")), f"{say(content['title'])} ({consent.procedure})")
    sheet.row(str(words("dossier")), consent.dossier or str(words("no_dossier")))
    sheet.row(str(words("purpose")), say(content["purpose"]))
    sheet.row(str(words("basis")), str(words("basis_consent")))
    sheet.row(str(words("valid")), f"{words.moment(consent.given_at)} – {words.moment(consent.valid_until)}")
    sheet.row(str(words("kept")), say(content["kept_for"]))
    for heading, agreed in (("agreed", True), ("not_agreed", False)):
        items = items_of(consent, words, agreed=agreed)
        if items:
            sheet.section(str(words(heading)))
            sheet.points(items)
    sheet.section(str(words("history")))
    sheet.points([f"{words.moment(one.at)}: {words(f'state_{one.state}')}" for one in consent.happenings])
    sheet.section(str(words("legal_texts")))
    sheet.points([say(text) for text in content["legal_basis"]])
    sheet.section(str(words("withdraw_how")))
    sheet.line(str(words("withdraw_where", address=view.address)))
    sheet.row(str(words("page_shown")), f"{content['notice_version']}, SHA-256 {consent.content_hash}")
    headers = {
        "content-type": "application/pdf",
        "content-disposition": f'attachment; filename="{consent.id}.pdf"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Page(sheet.octets(), 200, headers)


def items_of(consent: Consent, words: Words, *, agreed: bool) -> list[str]:
    """Return the items agreed to, or those left out, each with its source."""
    return [
        f"{words.plain(row['label'])} ({words.plain(row['source_label'])})"
        for row in consent.content["fields"]
        if (row["id"] in consent.agreed) == agreed
    ]
