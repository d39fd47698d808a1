"""The three papers of a consent page: agreed, agreed in part, refused; on the page, as a PDF and signed, and that the
three forms of each say the same."""

import re
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import orjson
import provider_house as world
import pytest
from consent_house import answer, asked, consents, open_consent_house, own_page, said
from journey import authorize_url, hidden, sign_in
from provider_house import Provider

from gateway.consent.page_content import content_hash
from gateway.consent.record import Consent, consent_record
from gateway.tokens.jose import CONSENT_RECEIPT, CONSENT_REFUSAL, JoseRefused, verify
from gateway.vocabulary.store import Replace

pytestmark = pytest.mark.anyio

TITLES = {
    "given": "Biên nhận đồng ý chia sẻ thông tin",
    "partly": "Biên nhận đồng ý chia sẻ một phần thông tin",
    "refused": "Giấy ghi nhận việc không đồng ý chia sẻ thông tin",
}
OPTIONAL = ("party_a.ethnic_group", "party_a.phone", "party_a.email")


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    async with open_consent_house(tmp_path) as opened:
        yield opened


async def decide(provider: Provider, decision: str, **changes: str | None) -> Consent:
    """Answer the page as `decision` says and return the record."""
    page = await sign_in(provider, **asked(scope="openid profile", **changes))
    ticked = re.findall(r'name="share\.([\w.]+)"', page.text) if decision == "given" else ()
    await answer(provider, page, *ticked, decision="deny" if decision == "refused" else "allow")
    (consent,) = await consents(provider)
    assert consent.decision == decision
    return consent


async def papers(provider: Provider, consent: Consent, folder: Path, language: str) -> tuple[str, str, dict[str, Any]]:
    """Return what the page and the PDF say, white space made one, and the document of the signed paper."""
    place = f"{world.ISSUER}/consents/{consent.id}"
    page = await provider.get(f"{place}?ui_locales={language}")
    assert page.status_code == 200
    card = re.search(r'<div class="card">(.*?)</main>', page.text, re.DOTALL)
    assert card is not None
    text = unescape(re.sub(r"<[^>]+>", " ", card[1]))
    printed = await provider.get(f"{place}/receipt.pdf?ui_locales={language}")
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.headers["cache-control"] == "no-store"
    (folder / "paper.pdf").write_bytes(printed.content)
    told = re.findall(r'^\s+"(.*)"$', await said("pdfinfo", "-struct-text", str(folder / "paper.pdf")), re.MULTILINE)
    signed = await provider.get(f"{place}/receipt.jws")
    policy = CONSENT_REFUSAL if consent.decision == "refused" else CONSENT_RECEIPT
    claims = verify(signed.text, policy, provider.house.keys, now=provider.clock.now(), issuer=world.ISSUER)
    assert claims["decision"] == consent.decision
    return _plain(text), _plain(" ".join(told)), claims["consent"]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _facts(document: dict[str, Any], language: str) -> list[str]:
    """Return what a reader of the signed paper learns, as the words that must stand on the others."""
    processing, notice = document["processing"], document["notice"]
    texts = [processing["purpose"], processing["procedure"], *processing["recipients"], *processing["attributes"]]
    found = [document["consent_id"], processing["dossier"], notice["sha256"], notice["id"], notice["version"]]
    found += [notice["method"]["screen"], notice["method"]["edition"]]
    for text in [*texts, *processing["sign_in_claims"], *processing["legal_basis"]["texts"]]:
        label = text.get("label", text)
        if language in label:
            found.append(label[language])
    for row in processing["attributes"]:
        found.append(f"{row['label'][language]} ({row['source_label'][language]})")
        if row["sensitivity"] == "sensitive":
            found[-1] += {"vi": " – dữ liệu cá nhân nhạy cảm", "en": " – sensitive personal data"}[language]
    found += [name for claim in processing["sign_in_claims"] for name in claim["names"]]
    found += [source[language] for source in processing["fetch"]["sources"]]
    found += [processing["retention"][language]] if "retention" in processing else []
    return found


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("decision", ["given", "partly", "refused"])
async def test_page_pdf_and_signed_paper_say_the_same(
    provider: Provider, tmp_path: Path, decision: str, language: str
) -> None:
    consent = await decide(provider, decision, ui_locales=language)
    page, paper, document = await papers(provider, consent, tmp_path, language)
    facts = _facts(document, language)
    assert len(facts) > 20
    for fact in facts:
        assert fact in page, fact
        assert fact in paper, fact
    # and what the page says in its lists stands on the paper word for word
    html = (await provider.get(f"{world.ISSUER}/consents/{consent.id}?ui_locales={language}")).text
    card = html[html.index('<dl class="people">') : html.index('href="' + f"{world.ISSUER}/consents/")]
    for item in re.findall(r"<(?:dt|dd|li)[^>]*>([^<]+)</", card):
        assert _plain(unescape(item)) in paper, item
    agreed = {row["field"] for row in document["processing"]["attributes"] if row["agreed"]}
    assert agreed == consent.agreed


@pytest.mark.parametrize("decision", ["given", "partly"])
async def test_an_agreement_says_for_how_long_what_was_left_out_and_how_to_withdraw(
    provider: Provider, tmp_path: Path, decision: str
) -> None:
    consent = await decide(provider, decision)
    page, paper, document = await papers(provider, consent, tmp_path, "vi")
    for text in (page, paper):
        assert TITLES[decision] in text
        assert "Hiệu lực" in text
        assert ("Những mục không chia sẻ" in text) == (decision == "partly")
    assert "Rút lại sự đồng ý" in page
    assert "Cách rút lại" in paper
    left_out = {row["field"] for row in document["processing"]["attributes"] if not row["agreed"]}
    assert bool(left_out) == (decision == "partly")
    assert {"valid_from", "valid_until", "mode", "data_life"} <= set(document["processing"])
    fetch = document["processing"]["fetch"]
    assert (fetch["kind"], fetch["before_answer"]) == ("on_request", False)
    assert [source["id"] for source in fetch["sources"]] == ["population", "civil_status"]


async def test_a_refusal_is_a_paper_of_its_own_and_promises_nothing(provider: Provider, tmp_path: Path) -> None:
    consent = await decide(provider, "refused")
    page, paper, document = await papers(provider, consent, tmp_path, "vi")
    for text in (page, paper):
        assert TITLES["refused"] in text
        assert "Không hỏi nguồn nào để điền biểu mẫu" in text
        assert "Những mục được hỏi và không đồng ý" in text
        assert "Không gửi từ lần đăng nhập" in text
        assert "Dân tộc (CSDL quốc gia về dân cư) – dữ liệu cá nhân nhạy cảm" in text
        for promised in (
            "Biên nhận",
            "Hiệu lực",
            "Rút lại sự đồng ý",
            "Cách rút lại",
            "Giữ đến khi nào",
            "Những mục đồng ý",
        ):
            assert promised not in text, promised
    html = (await provider.get(f"{world.ISSUER}/consents/{consent.id}")).text
    assert "consent-withdraw" not in html
    assert "/withdraw" not in html
    processing = document["processing"]
    assert not {"valid_from", "valid_until", "mode", "data_life", "retention"} & set(processing)
    assert processing["legal_basis"]["kind"] == "none"
    assert processing["fetch"] == {"kind": "none", "before_answer": False, "sources": []}
    assert not any(row["agreed"] for row in processing["attributes"])


async def test_a_refusal_cannot_be_taken_for_a_receipt(provider: Provider) -> None:
    await sign_in(provider, **asked())
    for decision, wrong in (("refused", CONSENT_RECEIPT), ("partly", CONSENT_REFUSAL)):
        begun = await provider.get(authorize_url(**asked(f"D-{decision}")))
        page = await provider.get(begun.headers["location"])
        await answer(provider, page, decision="deny" if decision == "refused" else "allow")
        consent = next(one for one in await consents(provider) if one.decision == decision)
        signed = await provider.get(f"{world.ISSUER}/consents/{consent.id}/receipt.jws")
        with pytest.raises(JoseRefused):
            verify(signed.text, wrong, provider.house.keys, now=provider.clock.now(), issuer=world.ISSUER)


async def test_a_withdrawn_consent_keeps_its_name_and_can_not_be_withdrawn_again(
    provider: Provider, tmp_path: Path
) -> None:
    consent, page = await own_page(provider)
    away = f"{world.ISSUER}/consents/{consent.id}/withdraw"
    await provider.http.post(away, data={"csrf": hidden(page.text, "csrf")})
    after, paper, document = await papers(provider, consent, tmp_path, "vi")
    assert TITLES["partly"] in after
    assert TITLES["partly"] in paper
    assert "Cách rút lại" not in paper
    assert (document["decision"], document["state"]) == ("partly", "withdrawn")


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_record_names_the_page_that_was_read_and_its_language(provider: Provider, language: str) -> None:
    consent = await decide(provider, "partly", ui_locales=language)
    edition = provider.house.screens.consent_edition(language)
    assert consent.language == language == edition.language
    assert (consent.method["screen"], consent.method["edition"]) == ("citizen/consent", edition.sha256)
    other = provider.house.screens.consent_edition({"vi": "en", "en": "vi"}[language])
    assert other.sha256 != edition.sha256


async def test_the_language_is_that_of_the_page_and_not_of_the_browser(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    english = await provider.http.get(str(page.url), headers={"accept-language": "en"})
    assert hidden(english.text, "language") == "en"
    await answer(provider, english, decision="deny")
    (consent,) = await consents(provider)
    assert consent.language == "en"
    assert "citizen/consent" in consent.method["screen"]


async def test_another_language_than_ours_is_not_believed(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    form = {name: hidden(page.text, name) for name in ("csrf", "notice")}
    await provider.http.post(str(page.url), data={**form, "decision": "deny", "language": "<b>"})
    (consent,) = await consents(provider)
    assert consent.language == "vi"


async def test_the_page_marks_what_is_sensitive(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    row = re.search(r'data-field="party_a.ethnic_group">(.*?)</div>', page.text, re.DOTALL)
    name = re.search(r'data-field="party_a.full_name">(.*?)</tr>', page.text, re.DOTALL)
    assert row is not None
    assert name is not None
    assert "dữ liệu cá nhân nhạy cảm" in row[1]
    assert "nhạy cảm" not in name[1]


async def test_papers_name_no_number_and_nothing_of_a_register(provider: Provider, tmp_path: Path) -> None:
    consent = await decide(provider, "given")
    page, paper, document = await papers(provider, consent, tmp_path, "vi")
    assert "TRẦN THỊ BƯỞI" in paper
    for personal in (consent.citizen_id, "999175000003"):
        assert personal not in page + paper
        assert personal not in orjson.dumps(document).decode()
    assert "BƯỞI" not in orjson.dumps(document).decode()
    text = await said("pdftotext", "-layout", str(tmp_path / "paper.pdf"), "-")
    assert text == unicodedata.normalize("NFC", text)
    shown = await said("pdfinfo", str(tmp_path / "paper.pdf"))
    assert "A4" in shown
    assert re.search(r"Tagged:\s+yes", shown)


def as_before(consent: Consent) -> Consent:
    """Return a record as the version before wrote it: no sensitivity, no id, no portal, both languages at once."""
    kept = {
        name: told for name, told in consent.content.items() if name not in {"notice_id", "portal", "claims", "fields"}
    }
    kept["fields"] = [{name: row[name] for name in row if name != "sensitivity"} for row in consent.content["fields"]]
    kept["claims"] = [{"vi": claim["vi"], "en": claim["en"]} for claim in consent.content["claims"]]
    method = {**{name: told for name, told in consent.method.items() if name != "edition"}, "screen": "citizen/notice"}
    return replace(
        consent,
        content=kept,
        content_hash=content_hash(kept),
        language="vi, en",
        method=method,
        version=consent.version + 1,
    )


@pytest.mark.parametrize("decision", ["partly", "refused"])
async def test_what_an_earlier_version_stored_still_opens(provider: Provider, tmp_path: Path, decision: str) -> None:
    consent = as_before(await decide(provider, decision))
    assert (await provider.house.store.commit([Replace(consent_record(consent))], now=provider.clock.now())).done
    for language in ("vi", "en"):
        page, paper, document = await papers(provider, consent, tmp_path, language)
        assert consent.content_hash in page
        assert consent.content_hash in paper
        assert document["notice"]["language"] == "vi, en"
        assert "sensitivity" not in document["processing"]["attributes"][0]
    assert TITLES[decision] in (await papers(provider, consent, tmp_path, "vi"))[0]
    begun = await provider.get(authorize_url(**asked(scope="openid profile")))
    assert "/interaction/" in begun.headers["location"], "what its page did not say is asked anew"
