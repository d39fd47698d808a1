"""The paper of a consent as a PDF: the receipt of an agreement, or the record of a refusal, for who answered."""

from gateway.openid_provider.screens import ConsentView, Page
from gateway.pages.citizen.consent_paper import paper_of
from gateway.pages.layout.sheet import Sheet


def print_receipt(view: ConsentView, language: str) -> Page:
    """Return the paper as a PDF on A4."""
    consent, paper = view.consent, paper_of(view, language)
    sheet = Sheet(f"{paper.title} {consent.id}", language=language, made_at=consent.happenings[-1].at)
    sheet.head(paper.title)
    sheet.line(paper.standing)
    for row in paper.rows:
        sheet.row(row.label, row.text)
    for section in paper.sections:
        sheet.section(section.heading)
        sheet.points(section.items)
    if paper.how_to_withdraw is not None:
        sheet.section(paper.how_to_withdraw.heading)
        for item in paper.how_to_withdraw.items:
            sheet.line(item)
    headers = {
        "content-type": "application/pdf",
        "content-disposition": f'attachment; filename="{consent.id}.pdf"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Page(sheet.octets(), 200, headers)
