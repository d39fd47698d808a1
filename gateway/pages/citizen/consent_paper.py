"""What a consent says to the person whose it is, in words. The page and the PDF are both made of it, so that neither
says more than the other; the signed paper (`gateway.consent.receipt`) says the same to programs.

An agreement, an agreement in part and a refusal are three papers with names of their own. What a record of an earlier
version did not keep has no row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.consent.receipt import asked_sources, record_kept_until
from gateway.consent.record import OPEN, Consent
from gateway.openid_provider.screens import ConsentView
from gateway.pages.layout.words import Text, Words, read_phrases

_PHRASES = Path(__file__).parent / "consent_paper.toml"


@dataclass(frozen=True, slots=True)
class Row:
    """A label and what belongs to it; `lang` when the text stands in this language alone."""

    label: str
    text: str
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A list under a heading."""

    id: str
    heading: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentPaper:
    """The whole: `title` names what was answered, `standing` says what became of it, `how_to_withdraw` is there while
    it can be withdrawn."""

    title: str
    standing: str
    rows: tuple[Row, ...]
    sections: tuple[Section, ...]
    how_to_withdraw: Section | None


def paper_of(view: ConsentView, language: str) -> ConsentPaper:
    """Return what a consent says in a language."""
    consent, words = view.consent, Words(read_phrases(_PHRASES), language)
    sections = (*_answers(consent, words), *_background(consent, words))
    how = Section("how-to-withdraw", str(words("withdraw_how")), (str(words("withdraw_where", address=view.address)),))
    return ConsentPaper(
        title=str(words(f"title_{consent.decision}")),
        standing=str(words(f"state_{view.state}")),
        rows=tuple(_rows(view, words)),
        sections=tuple(one for one in sections if one.items),
        how_to_withdraw=how if view.state in OPEN else None,
    )


def _rows(view: ConsentView, words: Words) -> Iterator[Row]:
    consent = view.consent
    content, refused = consent.content, consent.decision == "refused"

    def row(key: str, text: Any) -> Row:
        return Row(str(words(key)), str(text))

    yield row("number_refused" if refused else "number", consent.id)
    yield row("answered", words.moment(consent.given_at))
    for label, masked, shown in view.person:
        yield Row(words.plain(label), shown if masked == shown else masked)
    yield _said("recipient_refused" if refused else "recipient", content["recipient"], words)
    yield _said("portal", view.portal_name, words)
    if content["other"] is not None and not refused:
        yield row("other", words("other_sees"))
    yield row("procedure", f"{words.plain(content['title'])} ({consent.procedure})")
    yield row("dossier", consent.dossier or words("no_dossier"))
    yield _said("purpose_refused" if refused else "purpose", content["purpose"], words)
    yield row("basis", words("basis_refused" if refused else "basis_consent"))
    if refused:
        yield row("fetch", words("fetch_none"))
    else:
        yield row("valid", f"{words.moment(consent.given_at)} – {words.moment(consent.valid_until)}")
        sources = "; ".join(words.plain(source) for source in asked_sources(consent))
        yield row("fetch", words("fetch_after", sources=sources))
        yield _said("kept", content["kept_for"], words)
    yield row("record_kept", words.moment(record_kept_until(consent)))


def _answers(consent: Consent, words: Words) -> Iterator[Section]:
    refused = consent.decision == "refused"
    yield Section("agreed", str(words("agreed")), _items(consent, words, agreed=True))
    heading = "refused_items" if refused else "not_agreed"
    yield Section("not-agreed", str(words(heading)), _items(consent, words, agreed=False))
    claims = tuple(_claim(claim, words) for claim in consent.content.get("claims", ()))
    yield Section("claims", str(words("claims_refused" if refused else "claims_sent")), claims)


def _background(consent: Consent, words: Words) -> Iterator[Section]:
    content = consent.content
    history = (f"{words.moment(one.at)}: {words(f'state_{one.state}')}" for one in consent.happenings)
    yield Section("history", str(words("history")), tuple(history))
    legal = tuple(words.plain(text) for text in content["legal_basis"])
    yield Section("legal", str(words("legal_texts")), legal)
    yield Section("notice", str(words("page_shown")), tuple(_page_read(consent, words)))


def _items(consent: Consent, words: Words, *, agreed: bool) -> tuple[str, ...]:
    """Return the items agreed to, or those left out, each with its source and, if it is, that it is sensitive."""
    return tuple(
        f"{words.plain(row['label'])} ({words.plain(row['source_label'])})"
        + (f" – {words('sensitive')}" if row.get("sensitivity") == "sensitive" else "")
        for row in consent.content["fields"]
        if (row["id"] in consent.agreed) == agreed
    )


def _claim(claim: Mapping[str, Any], words: Words) -> str:
    names = ", ".join(claim.get("names", ()))
    return words.plain(claim) + (f" ({names})" if names else "")


def _page_read(consent: Consent, words: Words) -> Iterator[str]:
    """Return which page was read: the notice's id and version, language, screen, and the hashes of both."""
    content, method = consent.content, consent.method
    if "notice_id" in content:
        yield str(words("notice_id", id=content["notice_id"], version=content["notice_version"]))
        yield str(words("notice_language", language=words(f"language_{consent.language}")))
        yield str(words("notice_screen", screen=method.get("screen", ""), edition=method.get("edition", "")))
    else:
        yield str(words("notice_version", version=content["notice_version"]))
    yield str(words("notice_hash", hash=consent.content_hash))


def _said(key: str, text: Text, words: Words) -> Row:
    """Return a row whose text may exist in one language only, which a screen reader has to be told (WCAG 3.1.2)."""
    language = words.language if words.language in text else next(iter(text), None)
    return Row(str(words(key)), words.plain(text), None if language == words.language else language)
