"""What the outcome of an event says to a person, in words; the code stays beside it where a program reads on.

A refusal's outcome is the code of its failure: the words say that it was refused, the failure's own sentence why. What
this version does not know is shown as it stands rather than left out.
"""

import re
from collections.abc import Mapping

Text = Mapping[str, str]
_CODE = re.compile(r"[A-Z]{2}-\d+")
_REFUSED: Text = {"vi": "bị từ chối", "en": "refused"}

OUTCOMES: Mapping[str, Text] = {
    # forms
    "released": {"vi": "gửi đủ", "en": "sent in full"},
    "partial": {"vi": "gửi một phần", "en": "sent in part"},
    "failed": {"vi": "không nguồn nào trả lời", "en": "no source answered"},
    "asked": {"vi": "chưa rõ", "en": "unknown"},
    "intact": {"vi": "khớp", "en": "intact"},
    "changed": {"vi": "có thông tin đã sửa", "en": "something was changed"},
    "expired": {"vi": "biểu mẫu đã hết hạn", "en": "the form had expired"},
    "foreign": {"vi": "biểu mẫu của nơi khác", "en": "a form of somebody else"},
    "invalid": {"vi": "biểu mẫu không hợp lệ", "en": "not a valid form"},
    # sign-ins, connections
    "code_issued": {"vi": "đã báo", "en": "told"},
    "tokens_issued": {"vi": "đã cấp", "en": "issued"},
    "signed_in": {"vi": "thành công", "en": "done"},
    "signed_out": {"vi": "thành công", "en": "done"},
    "matched": {"vi": "khớp", "en": "matched"},
    "no_match": {"vi": "không tìm thấy", "en": "not found"},
    "mismatched": {"vi": "không khớp", "en": "does not match"},
    "ambiguous": {"vi": "chưa xác định được một người", "en": "more than one person fits"},
    "deceased": {"vi": "đã ghi nhận qua đời", "en": "recorded as deceased"},
    "unavailable": {"vi": "nguồn không trả lời", "en": "the source did not answer"},
    "replay": {"vi": "thu hồi vì mã bị dùng lại", "en": "revoked, a code was used again"},
    "token_revoked": {"vi": "đã trả lại quyền", "en": "access given back"},
    "revoked_by_portal": {"vi": "cổng đã trả lại quyền", "en": "given back by the portal"},
    "withdrawn_by_citizen": {"vi": "ông/bà đã dừng", "en": "stopped by you"},
    "blocked_by_citizen": {"vi": "ông/bà đã chặn", "en": "blocked by you"},
    "not_me": {"vi": "ông/bà báo không phải mình", "en": "you said it was not you"},
    "signed_out_upstream": {"vi": "nhà cung cấp định danh đã kết thúc", "en": "ended by the identity provider"},
    "delivered": {"vi": "đã nhận", "en": "taken"},
    "declined": {"vi": "bên nhận không nhận", "en": "not taken by the receiver"},
    "given_up": {"vi": "không gửi được", "en": "could not be sent"},
    "dropped": {"vi": "không còn nơi nhận", "en": "nobody to send it to any more"},
    # consents, blocks, browsers
    "given": {"vi": "đồng ý toàn bộ", "en": "all agreed"},
    "partly": {"vi": "đồng ý một phần", "en": "agreed in part"},
    "refused": {"vi": "không đồng ý", "en": "not agreed"},
    "withdrawn": {"vi": "đã rút lại", "en": "withdrawn"},
    "superseded": {"vi": "đã thay bằng lần trả lời mới", "en": "replaced by a new answer"},
    "blocked": {"vi": "đã chặn", "en": "blocked"},
    "unblocked": {"vi": "đã bỏ chặn", "en": "unblocked"},
    "trusted": {"vi": "đã tin cậy", "en": "trusted"},
    "forgotten": {"vi": "không còn tin cậy", "en": "trusted no more"},
    # reports
    "reported": {"vi": "đã báo", "en": "reported"},
    "in_hand": {"vi": "đang xử lý", "en": "in hand"},
    "answered": {"vi": "đã trả lời", "en": "answered"},
    "closed": {"vi": "đã đóng", "en": "closed"},
}


def outcome_words(outcome: str) -> Text:
    """Return an outcome in words."""
    known = OUTCOMES.get(outcome)
    if known is not None:
        return known
    return _REFUSED if _CODE.fullmatch(outcome) else {"vi": outcome, "en": outcome}
