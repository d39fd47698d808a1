"""One sitting of the exam: every check once, in order; a check that cannot be carried out has failed."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import date, timedelta, timezone

from gateway.connector_exam import checks_behaviour as behaviour
from gateway.connector_exam import checks_dates as dates
from gateway.connector_exam import checks_evidence as evidence
from gateway.connector_exam import checks_letters as letters
from gateway.connector_exam import checks_manifest as manifest
from gateway.connector_exam import checks_meaning as meaning
from gateway.connector_exam import checks_safety as safety
from gateway.connector_exam.candidate import Candidate
from gateway.connector_exam.checks_evidence import figures_kept
from gateway.connector_exam.finding import Check, DoesNotApply, Fault, Result, all_checks
from gateway.connector_exam.report import Report
from gateway.connector_exam.room import Room
from gateway.connector_exam.running import ServiceAddress, running_source
from gateway.connector_exam.subject import examined, listening
from gateway.connector_exam.tiers import tier_of
from gateway.connector_runtime.failure import ConnectorFailure
from gateway.vocabulary.clock import Clock

_VIETNAM = timezone(timedelta(hours=7))
_MOST_FAULTS = 20

Look = Callable[[Room], Awaitable[list[Fault]]]
Read = Callable[[Candidate], list[Fault]]
Taking = Callable[[], Awaitable[list[Fault]]]

READS: Mapping[str, Read] = {
    "manifest.schema": manifest.check_schema,
    "manifest.secrets": manifest.check_secrets,
    "manifest.catalogue": manifest.check_catalogue,
    "manifest.purposes": manifest.check_purposes,
    "manifest.limits": manifest.check_limits,
}

LOOKS: Mapping[str, Look] = {
    "safety.reach": safety.check_reach,
    "safety.hostile-answers": safety.check_hostile_answers,
    "safety.injection": safety.check_injection,
    "safety.view": safety.check_view,
    "safety.declared-only": safety.check_declared_only,
    "meaning.personas": meaning.check_personas,
    "meaning.nobody": meaning.check_nobody,
    "meaning.dates": dates.check_dates,
    "meaning.letters": letters.check_letters,
    "meaning.names": letters.check_names,
    "meaning.one-person": meaning.check_one_person,
    "behaviour.deadline": behaviour.check_deadline,
    "behaviour.retries": behaviour.check_retries,
    "behaviour.slow-down": behaviour.check_slow_down,
    "behaviour.breaker": behaviour.check_breaker,
    "behaviour.clock": behaviour.check_clock,
    "evidence.one-event": evidence.check_one_event,
    "evidence.logs": evidence.check_logs,
    "evidence.metrics": evidence.check_metrics,
}


async def sit_exam(candidate: Candidate, clock: Clock, address: ServiceAddress | None = None) -> Report:
    """Return what the exam finds. `address` is the running service; without one nothing real is asked.

    A connector that cannot be built fails every check that asks it, with the reason it cannot be.
    """
    today = clock.now().astimezone(_VIETNAM).date()
    checks = all_checks()
    results: list[Result] = []
    with listening() as heard:
        async with AsyncExitStack() as stack:
            room: Room | None = None
            reason = ""
            try:
                subject = await stack.enter_async_context(examined(candidate))
                room = Room(candidate=candidate, subject=subject, heard=heard, today=today, figures=figures_kept())
                if address is not None and candidate.make is None:
                    room.service = await stack.enter_async_context(running_source(candidate, address))
            except ConnectorFailure as failure:
                reason = f"{failure.code} {failure.detail}"
            for name, check in checks.items():
                results.append(await _take(check, _looking(name, candidate, room, reason), candidate, today))
    return Report(
        candidate=candidate,
        results=results,
        tier=tier_of(candidate, results, today),
        taken_on=today,
        service_asked=address is not None and candidate.make is None,
    )


def _looking(name: str, candidate: Candidate, room: Room | None, reason: str) -> Taking:
    """Return what carries out a check: those of the manifest need no connector."""

    async def take() -> list[Fault]:
        if name in READS:
            return READS[name](candidate)
        if room is None:
            fix = "Mend what the message names; then the connector can be asked."
            return [Fault(what=f"the connector cannot be asked: {reason}", where=candidate.place(), fix=fix)]
        return await LOOKS[name](room)

    return take


async def _take(check: Check, take: Taking, candidate: Candidate, today: date) -> Result:
    skip = next((one for one in candidate.manifest.quality.skips if one.check == check.id), None)
    if skip is not None and skip.until >= today:
        return Result(check=check, verdict="skipped", reason=skip.reason, until=skip.until.isoformat())
    try:
        faults = await take()
    except DoesNotApply as none:
        return Result(check=check, verdict="passed", note=str(none))
    except Exception as error:
        # whatever a foreign connector does to a check, the check has not been passed
        fix = "Run `gate06 connector check`; if that is sound, tell the operators of the gateway."
        faults = [Fault(what=f"the check broke off: {type(error).__name__}", where=check.id, fix=fix)]
    if faults and skip is not None:
        over = f"was let off until {skip.until.isoformat()}, which is over: {skip.reason}"
        faults.append(Fault(what=over, where=candidate.place("quality"), fix="Mend it, or ask again."))
    if faults:
        return Result(check=check, verdict="failed", faults=tuple(faults[:_MOST_FAULTS]))
    return Result(check=check, verdict="passed")
