"""Log lines: one JSON object each, only keys of a closed list, numbers that look like a person's struck out.

The list is the guard, the pattern a second net. Of other libraries' records only the message template is kept,
never its arguments or tracebacks: those may quote what a person typed.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import timedelta, timezone
from typing import Any

import orjson
import structlog

from gateway.settings import Settings
from gateway.vocabulary.clock import Clock

_KEYS = frozenset(
    {
        *("event", "level", "ts", "code", "outcome", "connector", "portal", "procedure", "trace_id", "provider"),
        *("count", "ms", "status", "reason", "route", "method", "at", "size", "name", "worker", "rule", "check"),
        *("state", "source", "error", "kind", "kid", "alg", "attempt", "failures", "policy_bundle", "path", "seconds"),
    }
)
_NUMBER = re.compile(r"(?<!\w)\d(?:[ .]?\d){8,11}(?!\w)")
_VIETNAM = timezone(timedelta(hours=7))
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logs(settings: Settings, clock: Clock) -> None:
    """Send every log line of this process to stderr under the rules above."""
    level = _LEVELS[settings.log.level]
    renderer = structlog.dev.ConsoleRenderer(colors=False) if settings.log.format == "text" else _render_json

    def stamp(logger: object, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        line["ts"] = clock.now().astimezone(_VIETNAM).isoformat(timespec="milliseconds")
        return line

    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, keep_allowed, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    # what other libraries say of their ordinary work is templates without values: only trouble is worth a line
    root.setLevel(level if level == _LEVELS["debug"] else max(level, _LEVELS["warning"]))


def keep_allowed(logger: object, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop keys that are not on the list, and strike out what looks like a personal number."""
    kept: dict[str, Any] = {}
    for key, value in line.items():
        if key not in _KEYS:
            continue
        if isinstance(value, str):
            kept[key] = _NUMBER.sub("[number]", value[:300])
        elif isinstance(value, bool | int | float) or value is None:
            kept[key] = value
        else:
            kept[key] = "[redacted]"
    return kept


def _render_json(logger: object, method: str, line: MutableMapping[str, Any]) -> str:
    return orjson.dumps(line).decode()


class _Foreign(logging.Handler):
    """Records of other libraries: who, how bad, and the template of the message."""

    def emit(self, record: logging.LogRecord) -> None:
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        level = max(_LEVELS["debug"], min(record.levelno, _LEVELS["error"]))
        failed = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().log(level, "library", name=record.name, reason=template, error=failed)
