"""A failure that a page told, told again by an address: a language link can neither post a form once more nor make the
same request a second time.

The address says the code, the trace id and the receipt; the words are the catalogue's, so nobody can put others there.
"""

import re
from collections.abc import Mapping

from gateway.openid_provider.house import House
from gateway.openid_provider.reply import with_query
from gateway.vocabulary.failure import Failure, recalled

_CODE = re.compile(r"[A-Z]{2}-[0-9]{3,4}", re.ASCII)
_MARK = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def told_again_at(house: House, refused: Failure) -> str:
    """Return the address that tells a failure again."""
    marks = {"trace": refused.trace_id or None, "receipt": refused.receipt}
    return with_query(f"{house.issuer}/failed/{refused.code}", marks)


def told_before(code: str, marks: Mapping[str, str]) -> Failure | None:
    """Return the failure of such an address; None for a code that there is not."""
    refused = recalled(code, "") if _CODE.fullmatch(code) else None
    if refused is not None:
        refused.trace_id, refused.receipt = (_mark(marks.get(name)) for name in ("trace", "receipt"))
    return refused


def _mark(text: str | None) -> str | None:
    return text if text is not None and _MARK.fullmatch(text) else None
