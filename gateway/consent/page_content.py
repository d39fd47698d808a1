"""What a consent page says, as values: the thing a person agreed to, kept with the record and hashed.

Both languages are in it, so the hash does not depend on the one that was read. A page whose content differs by one
letter is another page: what was agreed to on the former one is not remembered for it.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from gateway.audit.canonical import canonical_bytes
from gateway.consent.notice import NOTICE_VERSION
from gateway.consent.record import Offer
from gateway.vocabulary.form_preview import FormPreview, Text


def page_content(
    form: FormPreview, recipient: Text, claims: Iterable[Mapping[str, Any]], *, portal: Text
) -> dict[str, Any]:
    """Return what the consent page of a form says. `recipient` is the legal name of who gets the values, `portal` the
    name of who asks, `claims` the labels of what the sign-in itself tells with their `names`."""
    return {
        "notice_id": f"consent/{form.procedure}",
        "notice_version": NOTICE_VERSION,
        "procedure": form.procedure,
        "form_version": form.form_version,
        "title": dict(form.title),
        "purpose": dict(form.purpose or form.title),
        "recipient": dict(recipient),
        "portal": dict(portal),
        "claims": [dict(claim) for claim in claims],
        "legal_basis": [dict(text) for text in form.legal_basis],
        "kept_for": dict(form.kept_for),
        "party": form.party,
        "other": form.other,
        "fields": [
            {
                "id": row.id,
                "label": dict(row.label),
                "sources": list(row.sources),
                "attributes": list(row.attributes),
                "source_label": dict(row.source_label),
                "required": row.required,
                "sensitivity": "sensitive" if row.sensitive else "basic",
            }
            for row in form.offered
        ],
    }


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hexadecimal) of the content's RFC 8785 form."""
    return sha256(canonical_bytes(content)).hexdigest()


def offers_of(form: FormPreview) -> tuple[Offer, ...]:
    """Return what the page asks about."""
    return tuple(Offer(row.id, row.attributes, row.sources, row.required) for row in form.offered)
