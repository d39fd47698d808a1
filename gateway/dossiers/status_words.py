"""What each status is called in plain words, for pages and for portals that show progress."""

from collections.abc import Mapping

from gateway.dossiers.dossier import DossierStatus

STATUS_WORDS: Mapping[DossierStatus, Mapping[str, str]] = {
    DossierStatus.NEW: {"vi": "Đã nộp, chờ tiếp nhận", "en": "Filed, waiting to be accepted"},
    DossierStatus.ACCEPTED: {"vi": "Đã tiếp nhận", "en": "Accepted"},
    DossierStatus.NOT_ACCEPTED: {"vi": "Không được tiếp nhận", "en": "Not accepted"},
    DossierStatus.IN_PROCESS: {"vi": "Đang xử lý", "en": "Being handled"},
    DossierStatus.SUPPLEMENT_REQUESTED: {
        "vi": "Chờ người nộp bổ sung giấy tờ",
        "en": "Waiting for papers you have to add",
    },
    DossierStatus.FINANCIAL_DUTY: {"vi": "Chờ người nộp thanh toán", "en": "Waiting for your payment"},
    DossierStatus.WITHDRAWN: {"vi": "Người nộp đã rút hồ sơ", "en": "Withdrawn by the person who filed it"},
    DossierStatus.STOPPED: {"vi": "Đã dừng xử lý", "en": "Handling was stopped"},
    DossierStatus.DONE: {"vi": "Đã có kết quả, chờ trả", "en": "Done, the result is ready"},
    DossierStatus.RETURNED: {"vi": "Đã trả kết quả", "en": "The result was handed over"},
}
