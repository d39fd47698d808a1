"""The receipt: what the person keeps of their answer, signed, so that nobody can say later that it said something else.

A JWS over the record's sections. It names no value of a register and no internal id; the person is there as the portal
knows them, by the pairwise subject. An agreement and a refusal are two papers: each has a type of its own, and the
claim `decision` says it too. A refusal has no validity, no retention at the recipient and no sources: nothing follows
from it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.consent.record import SCHEMA, Consent
from gateway.vocabulary.store import CONSENT_KEPT_FOR

RECEIPT_TYPE = "consent-receipt+jwt"
REFUSAL_TYPE = "consent-refusal+jwt"
_BETWEEN = "; "
"""What stands between the labels of a field's sources on the page."""


def receipt_type(consent: Consent) -> str:
    """Return the `typ` of the signed paper."""
    return REFUSAL_TYPE if consent.decision == "refused" else RECEIPT_TYPE


def receipt_claims(consent: Consent, *, issuer: str, portal: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return what the paper says; sign it with `typ` `receipt_type`. `iat` is when this copy was made, `portal` the
    name of who asked (see `document`)."""
    return {
        "iss": issuer,
        "sub": consent.subject,
        "jti": consent.id,
        "iat": int(now.timestamp()),
        "decision": consent.decision,
        "consent": document(consent, issuer=issuer, portal=portal, now=now),
    }


def document(consent: Consent, *, issuer: str, portal: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return the record as its person may keep and show it: no value of a register, no internal id.

    The sections are those of ISO/IEC TS 27560:2023. What a record of an earlier version did not keep is left out;
    `portal` stands for the name that it lacks.
    """
    content = consent.content
    return {
        "schema_version": SCHEMA,
        "consent_id": consent.id,
        "decision": consent.decision,
        "state": consent.state_at(now),
        "pii_principal": consent.subject,
        "processing": {
            "purpose": {"code": f"procedure:{consent.procedure}", **content["purpose"]},
            "procedure": {"code": consent.procedure, **content["title"], "form_version": content["form_version"]},
            "dossier": consent.dossier,
            "attributes": [_item(row, consent) for row in content["fields"]],
            "sign_in_claims": [dict(claim) for claim in content.get("claims", ())],
            "shown_to_other_party": consent.decision != "refused" and content["other"] is not None,
            "recipients": _recipients(consent, portal),
            "jurisdiction": "VN",
            **(_nothing(content) if consent.decision == "refused" else _agreement(consent)),
        },
        "record_kept_until": text_of(record_kept_until(consent)),
        "notice": {
            **({"id": content["notice_id"]} if "notice_id" in content else {}),
            "version": content["notice_version"],
            "sha256": consent.content_hash,
            "language": consent.language,
            "method": dict(consent.method),
        },
        "parties": {"controller": issuer, "recipient": {"client_id": consent.client_id, **content["recipient"]}},
        "events": [
            {"state": one.state, "at": text_of(one.at), "actor": one.actor, "channel": one.channel}
            for one in consent.happenings
        ],
    }


def record_kept_until(consent: Consent) -> datetime:
    """Return until when the answer itself is kept, to be proven."""
    return consent.valid_until + CONSENT_KEPT_FOR


def asked_sources(consent: Consent) -> list[dict[str, str]]:
    """Return who is asked for what was agreed to: id and label of each source, once."""
    found: dict[str, dict[str, str]] = {}
    for row in consent.content["fields"]:
        if row["id"] in consent.agreed:
            parted = {language: text.split(_BETWEEN) for language, text in row["source_label"].items()}
            for place, name in enumerate(row["sources"]):
                found[name] = {language: labels[place] for language, labels in parted.items()}
    return [{"id": name, **label} for name, label in found.items()]


def text_of(at: datetime) -> str:
    """Return a time as RFC 3339 in UTC, whole seconds."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _item(row: Mapping[str, Any], consent: Consent) -> dict[str, Any]:
    """One category of data: what it is, where it comes from, how sensitive it is, and the answer."""
    sensitivity = {"sensitivity": row["sensitivity"]} if "sensitivity" in row else {}
    return {
        "field": row["id"],
        "attributes": row["attributes"],
        "sources": row["sources"],
        "required": row["required"],
        "agreed": row["id"] in consent.agreed,
        "label": row["label"],
        "source_label": row["source_label"],
        **sensitivity,
    }


def _agreement(consent: Consent) -> dict[str, Any]:
    """What follows from an agreement: its basis and time, when sources are asked, how long what they say is kept."""
    content, valid_until = consent.content, text_of(consent.valid_until)
    return {
        "legal_basis": {"kind": "consent", "texts": content["legal_basis"]},
        "mode": "view-once",
        "fetch": {
            "kind": "on_request",
            "before_answer": False,
            "until": valid_until,
            "sources": asked_sources(consent),
        },
        "data_life": content["kept_for"],
        "retention": content["kept_for"],
        "valid_from": text_of(consent.given_at),
        "valid_until": valid_until,
    }


def _nothing(content: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from a refusal: nobody is asked and nothing is told."""
    return {
        "legal_basis": {"kind": "none", "texts": content["legal_basis"]},
        "fetch": {"kind": "none", "before_answer": False, "sources": []},
    }


def _recipients(consent: Consent, portal: Mapping[str, str]) -> list[dict[str, Any]]:
    content = consent.content
    named = content.get("portal") or portal
    found: list[dict[str, Any]] = [
        {"role": "agency", **content["recipient"]},
        {"role": "portal", "client_id": consent.client_id, **named},
    ]
    if content["other"] is not None:
        found.append({"role": "other_party"})  # by no name: a copy of this may be shown to anybody
    return found
