"""A failure that a page told, told again by an address: a language link can neither post a form once more nor make the
same request a second time.

The address says the code, the trace id, the receipt and the roles that were wanted; the words are the catalogue's, and
a mark is printed only in the very form in which marks are made, so nobody can put words of their own there.
"""

import re
from collections.abc import Mapping

from gateway.audit.receipt import is_issued_receipt
from gateway.openid_provider.house import House
from gateway.openid_provider.reply import with_query
from gateway.vocabulary.failure import Failure, recalled
from gateway.vocabulary.officer import STAFF_ROLES

_TOLD_BY_PAGES = re.compile(r"GW-1[0-9]{3}|GW-24[0-9]{2}|GW-900[23]|GW-9201|PF-[0-9]{3}|CN-2[0-9]{2}", re.ASCII)
"""What a page's own request can end with: sign-ins, consents, steps of staff, a store or log that is out. The others
end commands, starts and questions to sources, and no page ever said them."""

_TRACE = re.compile(r"[0-9a-f]{32}", re.ASCII)


def told_again_at(house: House, refused: Failure) -> str | None:
    """Return the address that tells a failure again; None for one that pages do not tell."""
    if not _TOLD_BY_PAGES.fullmatch(refused.code):
        return None
    roles = ",".join(name for name in refused.missing if name in STAFF_ROLES)
    marks = {"trace": refused.trace_id or None, "receipt": refused.receipt, "roles": roles or None}
    return with_query(f"{house.issuer}/failed/{refused.code}", marks)


def told_before(code: str, marks: Mapping[str, str]) -> Failure | None:
    """Return the failure of such an address; None for a code that there is not, or that pages do not tell."""
    refused = recalled(code, "") if _TOLD_BY_PAGES.fullmatch(code) else None
    if refused is not None:
        trace, receipt = marks.get("trace", ""), marks.get("receipt", "")
        refused.trace_id = trace if _TRACE.fullmatch(trace) else None
        refused.receipt = receipt if is_issued_receipt(receipt) else None
        asked = marks.get("roles", "").split(",")
        refused.missing = tuple(name for name in STAFF_ROLES if name in asked)
    return refused
