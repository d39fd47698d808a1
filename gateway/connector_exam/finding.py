"""What a check is and what it finds; the sentences of all checks stand in `checks.toml`, in both languages."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Group = Literal["manifest", "safety", "meaning", "behaviour", "evidence"]
Verdict = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: what, where (`file:line:key`, a sample, an answer of the stand-in), how to mend it."""

    what: str
    where: str
    fix: str

    def wire(self) -> dict[str, str]:
        """Return it as the report shows it."""
        return {"what": self.what, "where": self.where, "fix": self.fix}


class DoesNotApply(Exception):
    """A check has nothing to look at in a connector of this kind; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check as people read it: its stable id (`group.name`), one sentence, and why it matters."""

    id: str
    group: Group
    sentence: Mapping[str, str]
    why: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a check ended. `note` says why it does not apply; `reason` and `until` belong to a skipped one."""

    check: Check
    verdict: Verdict
    faults: tuple[Fault, ...] = ()
    note: str = ""
    reason: str = ""
    until: str = ""

    def wire(self) -> dict[str, Any]:
        """Return it as the report shows it."""
        told: dict[str, Any] = {
            "id": self.check.id,
            "group": self.check.group,
            "outcome": self.verdict,
            "sentence": dict(self.check.sentence),
        }
        if self.faults:
            told["why"] = dict(self.check.why)
            told["faults"] = [one.wire() for one in self.faults]
        for name in ("note", "reason", "until"):
            if getattr(self, name):
                told[name] = getattr(self, name)
        return told


@cache
def all_checks() -> Mapping[str, Check]:
    """Return the 24 checks by id, in the order of the exam."""
    table = tomllib.loads(files("gateway.connector_exam").joinpath("checks.toml").read_text("utf-8"))
    return {
        row["id"]: Check(
            id=row["id"],
            group=row["id"].partition(".")[0],
            sentence={"vi": row["vi"], "en": row["en"]},
            why={"vi": row["why_vi"], "en": row["why_en"]},
        )
        for row in table["checks"]
    }
