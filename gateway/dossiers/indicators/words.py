"""The closed vocabulary that formulas are written in: every word, what it is about and what it says.

A word about a dossier or a procedure is one bit, so that all a formula can ask of a dossier is one whole number.
Bits are stored with counted dossiers: a new word takes the next free bit, and none is ever given a second meaning.
"""

from dataclasses import dataclass
from typing import Final, Literal

About = Literal["dossier", "procedure", "feedback"]
"""What is counted, and what a word is about."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word of formulas: what it is about, its bit, and when it holds, in both languages."""

    about: About
    bit: int
    vi: str
    en: str


WORDS: Final[dict[str, Term]] = {
    "counter": Term("dossier", 0, "nộp tại quầy hoặc không ghi kênh", "filed at a counter, or with no channel said"),
    "online": Term("dossier", 1, "nộp trực tuyến", "filed online"),
    "post": Term("dossier", 2, "nộp qua bưu chính", "filed by post"),
    "due_known": Term("dossier", 3, "có ngày hẹn trả", "has a due date"),
    "late": Term("dossier", 4, "quá hạn tại thời điểm chốt", "late at the cut-off"),
    "ended": Term("dossier", 5, "đã kết thúc tại thời điểm chốt", "ended by the cut-off"),
    "completed": Term(
        "dossier",
        6,
        "đã giải quyết xong hoặc đã trả kết quả, không bị dừng",
        "done or its result returned, and not stopped",
    ),
    "input_file": Term("dossier", 7, "có tệp thành phần hồ sơ", "a file of a filed paper is attached"),
    "result_file": Term("dossier", 8, "có tệp kết quả", "a file of a result is attached"),
    "electronic_result": Term(
        "dossier", 9, "có kết quả điện tử đủ mã và đường dẫn", "has an electronic result with code and link"
    ),
    "fee_recorded": Term("dossier", 10, "có dữ liệu phí, lệ phí", "fee records came with it"),
    "free": Term("dossier", 11, "mọi khoản phí đều bằng 0", "all its fees are 0"),
    "paid_online": Term("dossier", 12, "đã thanh toán trực tuyến", "paid online (codes 1 and 2)"),
    "reuse_proven": Term(
        "dossier", 13, "biên nhận điền sẵn cho thấy có tái sử dụng", "a prefill receipt shows that data were reused"
    ),
    "store_proven": Term(
        "dossier", 14, "biên nhận cho thấy lấy từ kho số hóa", "a prefill receipt names the store of papers"
    ),
    "population_proven": Term(
        "dossier", 15, "biên nhận cho thấy dùng CSDLQG về dân cư", "a prefill receipt names the population database"
    ),
    "reuse_claimed": Term(
        "dossier", 16, "hệ thống gửi ghi là có tái sử dụng", "the sending system claims digitised or reused papers"
    ),
    "store_claimed": Term(
        "dossier", 17, "hệ thống gửi ghi là lấy từ kho", "the sending system claims a paper from the national store"
    ),
    "population_claimed": Term(
        "dossier", 18, "hệ thống gửi ghi là dùng dữ liệu dân cư", "the sending system claims use of population data"
    ),
    "complained": Term("dossier", 19, "có phản ánh hoặc không hài lòng", "a complaint or dislike came about it"),
    "withdrawn": Term("dossier", 20, "công dân rút hồ sơ", "withdrawn by the citizen"),
    "not_accepted": Term("dossier", 21, "không được tiếp nhận", "not accepted"),
    "known_procedure": Term("procedure", 32, "có trong danh mục thủ tục", "its procedure is in the list"),
    "for_persons": Term("procedure", 33, "thủ tục dành cho cá nhân", "the procedure is for persons"),
    "result_due": Term("procedure", 34, "thủ tục phải trả kết quả giấy", "the procedure ends with a paper result"),
    "has_fees": Term("procedure", 35, "thủ tục có phí, lệ phí", "the procedure has fees"),
    "offered_online": Term("procedure", 36, "cung cấp trực tuyến", "the procedure is offered online"),
    "published_in_period": Term("procedure", 37, "công bố trong kỳ", "published in the period"),
    "published_on_time": Term(
        "procedure",
        38,
        "công bố đúng hạn trước ngày có hiệu lực",
        "published in time before the legal text took effect",
    ),
    "public_due": Term("procedure", 39, "đến hạn công khai trong kỳ", "to be made public in the period"),
    "public_on_time": Term("procedure", 40, "công khai đúng hạn", "made public in time after the deciding document"),
    "public": Term("procedure", 41, "đã công khai", "public at the cut-off"),
    "complete_content": Term("procedure", 42, "công khai đủ nội dung bắt buộc", "public with all compulsory parts"),
    "answered": Term("feedback", 0, "đã được trả lời", "answered"),
    "answered_on_time": Term("feedback", 1, "được trả lời đúng hạn", "answered in time"),
    "overdue": Term("feedback", 5, "chưa trả lời và đã quá hạn", "unanswered and overdue at the cut-off"),
    "rated": Term("feedback", 2, "có ý kiến đánh giá", "somebody rated the answer"),
    "satisfied": Term("feedback", 3, "hài lòng với việc trả lời", "satisfied with the answer"),
    "complaint": Term("feedback", 4, "là phản ánh về hồ sơ hoặc thái độ", "is a complaint about handling"),
}

LATE: Final = 1 << WORDS["late"].bit
ENDED: Final = 1 << WORDS["ended"].bit


def mask_of(*words: str) -> int:
    """Return the number in which the bits of these words are set."""
    found = 0
    for word in words:
        found |= 1 << WORDS[word].bit
    return found


def words_about(*about: About) -> tuple[str, ...]:
    """Return the words about these things, in the order of the vocabulary."""
    return tuple(word for word, term in WORDS.items() if term.about in about)
