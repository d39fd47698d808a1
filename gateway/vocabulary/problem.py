"""A refusal in its wire shape: problem JSON (RFC 9457) with the members of design.md §15."""

from typing import Any

from gateway.vocabulary.failure import Failure


def preferred_language(accept_language: str | None) -> str:
    """Return `vi` or `en` from an Accept-Language (RFC 9110 §12.5.4) or `ui_locales` value; `vi` without one."""
    best, best_weight = "vi", 0.0
    for position, part in enumerate((accept_language or "").replace(" ", "").split(",")):
        tag, _, weight_text = part.partition(";q=")
        try:
            weight = float(weight_text) if weight_text else 1.0
        except ValueError:
            continue
        language = tag.lower().partition("-")[0]
        weight -= position / 1000
        if language in {"vi", "en"} and weight > best_weight:
            best, best_weight = language, weight
    return best


def problem(failure: Failure, *, issuer: str, language: str = "vi") -> dict[str, Any]:
    """Return the problem JSON of a failure. `receipt` and `trace_id` come from the failure when they were set."""
    sentence = failure.en if language == "en" else failure.vi
    document: dict[str, Any] = {
        "type": f"{issuer}/errors/{failure.code}",
        "title": failure.title,
        "status": failure.http_status,
        "detail": sentence,
        "code": failure.code,
        "refused_by": failure.refused_by,
        "messages": {"vi": failure.vi, "en": failure.en},
        "missing": list(failure.missing),
        "excess": list(failure.excess),
        "trace_id": failure.trace_id,
        "receipt": failure.receipt,
        "fix": f"{issuer}/errors/{failure.code}" + (f"?receipt={failure.receipt}" if failure.receipt else ""),
    }
    if failure.detail:
        document["reason"] = failure.detail
    if failure.retry_after is not None:
        document["retry_after"] = failure.retry_after
    return document
