"""The receipt: what the person keeps of a consent, signed, so that nobody can say later that it said something else.

A JWS of its own type over the record's sections (`record.document`). It names no value of a register and no internal
id; the person is there as the portal knows them, by the pairwise subject.
"""

from datetime import datetime
from typing import Any

from gateway.consent.record import Consent, document

RECEIPT_TYPE = "consent-receipt+jwt"


def receipt_claims(consent: Consent, *, issuer: str, now: datetime) -> dict[str, Any]:
    """Return what the receipt says; sign it with `typ` RECEIPT_TYPE. `iat` is when this copy was made."""
    return {
        "iss": issuer,
        "sub": consent.subject,
        "jti": consent.id,
        "iat": int(now.timestamp()),
        "consent": document(consent, issuer=issuer, now=now),
    }
