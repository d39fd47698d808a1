"""What may be done with a version next, and by whom: pure steps from one value to the next.

Order and duties are tables. Two approvals are two members of staff, neither of whom drafted, tested or submitted the
version; what they agree to is named by its hashes, so that nobody agrees to what somebody else replaced.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from gateway.connector_lifecycle.compare import compare, least_number, minimum_bump
from gateway.connector_lifecycle.failure import (
    ApprovedByYou,
    ApproverPrepared,
    ContentChanged,
    ManifestRefused,
    PackageUnnamed,
    StepOutOfOrder,
    StillNeeded,
    VersionTaken,
    VersionTooSmall,
)
from gateway.connector_lifecycle.orders import (
    ApproveOrder,
    DraftOrder,
    PublishOrder,
    ReasonOrder,
    RetireOrder,
    SubmitOrder,
    SuspendOrder,
    TestOrder,
)
from gateway.connector_lifecycle.release import Release, State, Step, StepName, Trial
from gateway.connector_lifecycle.report import report_digest, require_passed
from gateway.connector_lifecycle.succession import (
    VIETNAM,
    Facts,
    Moved,
    predecessors,
    require_company,
    rivals_of,
    superseded,
)
from gateway.connector_runtime.failure import InvalidManifest, UnknownManifestKey
from gateway.connector_runtime.manifest import read_manifest
from gateway.staff.free_text import keep_words, require_nobody, require_reason
from gateway.staff.roles import Operator, held_role, require_named
from gateway.vocabulary.officer import StaffRole

APPROVALS_NEEDED: Final = 2
USED_WITHIN: Final = timedelta(days=30)
SIDE_BY_SIDE_FOR: Final = timedelta(days=90)

_LOOKS: tuple[StaffRole, ...] = (
    "service_admin",
    "registration_officer",
    "security_officer",
    "system_admin",
    "auditor",
    "observer",
)
_TWO = "approval of a connector's version"
DUTIES: Mapping[str, tuple[StaffRole, ...]] = {
    "read": _LOOKS,
    "draft": ("service_admin", "registration_officer"),
    "test": ("service_admin", "registration_officer"),
    "submit": ("service_admin", "registration_officer"),
    "approve": ("registration_officer", "security_officer"),
    "reject": ("registration_officer", "security_officer"),
    "publish": ("service_admin", "registration_officer"),
    "suspend": ("service_admin", "security_officer", "system_admin"),
    "resume": ("service_admin", "security_officer"),
    "release": ("service_admin", "security_officer"),
    "credentials": ("service_admin", "security_officer", "system_admin"),
    "retire": ("service_admin", "registration_officer"),
}
"""Who may do what with a connector (experience.md §1.4); the officer at a desk does nothing here."""

FROM: Mapping[StepName, frozenset[State]] = {
    "test": frozenset({"draft", "tested"}),
    "submit": frozenset({"tested"}),
    "approve": frozenset({"submitted"}),
    "reject": frozenset({"submitted", "approved"}),
    "publish": frozenset({"approved"}),
    "suspend": frozenset({"published"}),
    "resume": frozenset({"suspended"}),
    "retire": frozenset({"draft", "tested", "submitted", "approved", "published", "suspended"}),
}


def require_duty(operator: Operator, verb: str) -> StaffRole:
    """Return the role in which somebody may take a step. Raises RoleMissing."""
    return held_role(operator, DUTIES[verb], f"connector.{verb}")


def draft(known: Release | None, operator: Operator, order: DraftOrder, facts: Facts) -> Moved:
    """Hand in a manifest, by name. Raises RoleMissing, NobodySignedIn, ManifestRefused, VersionTaken."""
    role = require_duty(operator, "draft")
    require_named(operator, _TWO)
    text = order.manifest.replace("\r\n", "\n")  # as a gateway reads it from a disk
    try:
        manifest = read_manifest(text, "manifest.toml")
    except (InvalidManifest, UnknownManifestKey) as refused:
        raise ManifestRefused(refused.detail) from None
    step = _step("draft", operator, role, facts, order.reason)
    if known is None:
        return Moved(release=Release(text=text, manifest=manifest, steps=(step,)))
    if known.state not in {"draft", "tested"}:
        raise VersionTaken(f"`{known.name}` is {known.state}")
    cleared: dict[str, Any] = {"report": None, "report_sha256": None, "state": "draft"}
    return Moved(release=known.after(step, text=text, manifest=manifest, **cleared))


def test(release: Release, operator: Operator, order: TestOrder, facts: Facts) -> Moved:
    """Hand in the exam's report, by name. Raises RoleMissing, NobodySignedIn, StepOutOfOrder, ReportRefused."""
    role = _require(release, operator, "test", facts)
    require_named(operator, _TWO)
    require_passed(order.report, release, facts.today)
    changes: dict[str, Any] = {"report": order.report, "report_sha256": report_digest(order.report), "state": "tested"}
    return Moved(release=release.after(_step("test", operator, role, facts, order.reason), **changes))


def submit(release: Release, operator: Operator, order: SubmitOrder, facts: Facts) -> Moved:
    """Ask for approval, by name: whoever prepared a version never approves it.

    Raises RoleMissing, NobodySignedIn, StepOutOfOrder, ReportRefused, VersionTooSmall, PackageUnnamed, ReasonMissing.
    """
    role = _require(release, operator, "submit", facts)
    require_named(operator, _TWO)
    require_passed(release.report or {}, release, facts.today)
    require_number(release, facts.others)
    if (release.manifest.kind == "code") != (order.package is not None):
        raise PackageUnnamed("`package` goes with kind `code`, and only with it")
    if order.package is not None and order.package != (release.report or {}).get("package"):
        raise PackageUnnamed(f"the exam was of `{(release.report or {}).get('package')}`")
    step = _step("submit", operator, role, facts, require_reason(order.reason))
    return Moved(release=release.after(step, state="submitted", package=order.package))


def require_number(release: Release, others: tuple[Release, ...]) -> None:
    """Raise VersionTooSmall unless the number follows what was published of this connector, and says enough."""
    published = [one for one in others if one.was_published]
    later = [one for one in published if one.number[0] == release.number[0] and one.number >= release.number]
    if later:
        raise VersionTooSmall(f"`{max(later, key=lambda one: one.number).name}` was published before")
    before = [one for one in published if one.number < release.number]
    if not before:
        return
    older = max(before, key=lambda one: one.number)
    differences = compare(older.manifest, release.manifest)
    bump = minimum_bump(differences)
    least = least_number(older.manifest.version, bump)
    if release.number < least:
        wanted = ".".join(str(part) for part in least)
        places = ", ".join(f"`{one.place}`" for one in differences if one.needs == bump)
        raise VersionTooSmall(f"after {older.manifest.version} it must be {wanted} at least: {places} needs a {bump}")


def approve(release: Release, operator: Operator, order: ApproveOrder, facts: Facts) -> Moved:
    """Agree to exactly this content.

    Raises RoleMissing, NobodySignedIn, StepOutOfOrder, ApproverPrepared, ApprovedByYou, ContentChanged, PackageUnnamed,
    ReportRefused.
    """
    role = _require(release, operator, "approve", facts)
    require_named(operator, _TWO)
    if operator.reference in release.prepared_by():
        raise ApproverPrepared(f"you prepared `{release.name}`")
    if operator.reference in {step.by for step in release.approvals()}:
        raise ApprovedByYou(f"`{release.name}` waits for another person")
    if (order.manifest_sha256, order.report_sha256) != (release.manifest_sha256, release.report_sha256):
        raise ContentChanged(f"`{release.name}` has other hashes than those named")
    if order.package != release.package:
        raise PackageUnnamed(f"`{release.name}` runs `{release.package or 'no package'}`")
    # the report may have been handed in before the exam wanted more, or before what it skipped was overdue
    require_passed(release.report or {}, release, facts.today)
    agreed = release.after(_step("approve", operator, role, facts, order.reason))
    count = len(agreed.approvals())
    told = {"count": count}
    if count < APPROVALS_NEEDED:
        return Moved(release=agreed, told=told)
    return Moved(release=replace(agreed, state="approved"), told=told)


def reject(release: Release, operator: Operator, order: ReasonOrder, facts: Facts) -> Moved:
    """Refuse: it is a draft again. Raises RoleMissing, StepOutOfOrder, ReasonMissing."""
    role = _require(release, operator, "reject", facts)
    step = _step("reject", operator, role, facts, require_reason(order.reason))
    return Moved(release=release.after(step, state="draft", report=None, report_sha256=None))


def publish(release: Release, operator: Operator, order: PublishOrder, facts: Facts) -> Moved:
    """Put it into service: for a share of the questions first where a version of its major is there already.

    On trial already, it gets another share and time, or with a share of 100 ends its trial by somebody's word.

    Raises RoleMissing, StepOutOfOrder, ReportRefused, VersionTooSmall.
    """
    role = _require(release, operator, "publish", facts)
    # what was skipped until a day may be overdue by now, and another version may have been published meanwhile
    require_passed(release.report or {}, release, facts.today)
    require_number(release, facts.others)
    step = _step("publish", operator, role, facts, order.reason)
    beside = predecessors(release, facts)
    if beside and order.share < 100:
        require_company(release, facts)
        trial = Trial(share=order.share, until=facts.now + timedelta(minutes=order.minutes))
        told = {"share": trial.share, "until": trial.until.isoformat(timespec="seconds")}
        return Moved(release=release.after(step, state="published", trial=trial), told=told)
    whole = release.after(step, state="published", trial=None)
    return Moved(release=whole, others=superseded(beside, release, facts))


def suspend(release: Release, operator: Operator, order: SuspendOrder, facts: Facts) -> Moved:
    """Take it out of service, with the words people read meanwhile.

    Raises RoleMissing, StepOutOfOrder, ReasonMissing, WordsNamePerson.
    """
    role = _require(release, operator, "suspend", facts)
    step = _step("suspend", operator, role, facts, require_reason(order.reason))
    notice = {"vi": order.notice.vi, "en": order.notice.en}
    for language, words in notice.items():
        require_nobody(words, f"notice.{language}")
    return Moved(release=release.after(step, state="suspended", trial=None, notice=notice))


def resume(release: Release, operator: Operator, order: ReasonOrder, facts: Facts) -> Moved:
    """Put it back into service; a version superseded lately takes its place again from the one that has it.

    Raises RoleMissing, StepOutOfOrder, ReasonMissing.
    """
    role = _require(release, operator, "resume", facts)
    rivals = rivals_of(release, facts)
    if rivals and not release.may_return(facts.now):
        raise StepOutOfOrder(f"`{rivals[0].name}` is in service in its place")
    step = _step("resume", operator, role, facts, require_reason(order.reason))
    back = release.after(step, state="published", notice=None, retires_on=None, back_until=None)
    if release.state == "suspended":
        return Moved(release=replace(back, retires_on=release.retires_on))
    aside = _step("suspend", operator, role, facts, f"{release.manifest.version} was brought back in its place")
    others = tuple(one.after(aside, state="suspended", trial=None) for one in rivals)
    return Moved(release=back, others=others, told={"instead_of": [one.manifest.version for one in others]})


def retire(release: Release, operator: Operator, order: RetireOrder, facts: Facts) -> Moved:
    """End it for good, now or on a day. Raises RoleMissing, StepOutOfOrder, StillNeeded, ReasonMissing."""
    role = _require(release, operator, "retire", facts)
    step = _step("retire", operator, role, facts, require_reason(order.reason))
    day = order.on or facts.today
    if not order.force:
        _require_unneeded(release, day, facts)
    told = {"on": day.isoformat(), "forced": order.force}
    if day <= facts.today:
        return Moved(release=release.after(step, state="retired", retires_on=day, trial=None), told=told)
    return Moved(release=release.after(step, retires_on=day), told=told)


def _require_unneeded(release: Release, day: date, facts: Facts) -> None:
    if release.state not in {"published", "suspended"} or rivals_of(release, facts):
        return  # nobody misses it: it never answered anybody alone, or another version of its major does
    used = facts.last_used is not None and facts.today - facts.last_used < USED_WITHIN
    if used and day < facts.today + USED_WITHIN:
        raise StillNeeded(f"`{release.name}` was used on {facts.last_used}: retire it in 30 days or later")
    for newer in facts.others:
        since = newer.published_at()
        if newer.number[0] > release.number[0] and since is not None:
            least = since.astimezone(VIETNAM).date() + SIDE_BY_SIDE_FOR
            if day < least:
                raise StillNeeded(f"`{newer.name}` stands beside it since {since.date()}: not before {least}")


def _require(release: Release, operator: Operator, name: StepName, facts: Facts) -> StaffRole:
    role = require_duty(operator, name)
    if not may_take(name, release, facts.now):
        raise StepOutOfOrder(f"`{release.name}` is {release.state}: `{name}` goes from {_listed(FROM[name])}")
    return role


def may_take(name: StepName, release: Release, now: datetime) -> bool:
    """Tell whether a version's state allows a step, whoever takes it: FROM, another share for a trial, and the way back
    of what was superseded."""
    back = name == "resume" and release.may_return(now)
    anew = name == "publish" and release.state == "published" and release.trial is not None
    return release.state in FROM[name] or back or anew


def _listed(states: frozenset[State]) -> str:
    return " or ".join(sorted(states))


def _step(name: StepName, operator: Operator, role: StaffRole, facts: Facts, reason: str = "") -> Step:
    kept = keep_words(reason)
    return Step(name=name, by=operator.reference, who=operator.name, role=role, at=facts.now, reason=kept)
