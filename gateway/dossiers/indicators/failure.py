"""Refusals of the indicators (DS-3xx)."""

from collections.abc import Sequence

from gateway.vocabulary.failure import Failure


class RulesInvalid(Failure):
    """A file of indicator rules cannot be used: `problems` lists every complaint as `file:line` and a sentence."""

    code = "DS-301"
    title = "indicator rules invalid"
    http_status = 500
    refused_by = "policy"
    vi = "Bộ công thức tính chỉ số có lỗi nên chưa thể tính."
    en = "The formulas of the indicators have errors; nothing can be computed."
    fix = "Run `gate06 indicator check`: it names each file, each line and the nearest known word."

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class UnknownRules(Failure):
    """No file of indicator rules has that id."""

    code = "DS-302"
    title = "unknown indicator rules"
    http_status = 404
    vi = "Không có bộ công thức nào mang mã này."
    en = "No set of formulas has this id."
    fix = "Use an id that `gate06 indicator check` lists, such as `766-2022`."


class PeriodWrong(Failure):
    """A period is no year, quarter or month."""

    code = "DS-303"
    title = "period cannot be read"
    http_status = 400
    vi = "Kỳ báo cáo không đọc được; viết 2026, 2026-Q3 hoặc 2026-11."
    en = "The period cannot be read; write 2026, 2026-Q3 or 2026-11."
    fix = "Give `period` as a year `2026`, a quarter `2026-Q3` or a month `2026-11`; years from 2000 to 2999."


class EvidenceFileRefused(Failure):
    """A file that figures should be computed from cannot be used; the message names file, line and what is wrong."""

    code = "DS-305"
    title = "file of evidence refused"
    http_status = 400
    vi = "Tệp dữ liệu dùng để tính chỉ số không dùng được."
    en = "A file that figures should be computed from cannot be used."
    fix = "Mend the line that the message names; docs/indicators.md says what stands on each line."


class UnknownIndicator(Failure):
    """The rules have no indicator of that id."""

    code = "DS-304"
    title = "unknown indicator"
    http_status = 404
    vi = "Bộ công thức không có chỉ số này."
    en = "The set of formulas has no such indicator."
    fix = "Use an id of the rules, such as `4.2`; `gate06 indicator check --json` lists them."
