"""What a whole exam is: which checks it holds, and which of its editions counts. Whoever approves reads it here.

`gateway/connector_exam/checks.toml` says what every check wants; it and this list have the same ids in the same order.
"""

from typing import Final

EXAM: Final = 2
"""The edition of the exam. It grows when a check begins to want more: who was examined before is examined again."""

CHECKS: Final = (
    "manifest.schema",
    "manifest.secrets",
    "manifest.catalogue",
    "manifest.purposes",
    "manifest.limits",
    "safety.reach",
    "safety.hostile-answers",
    "safety.injection",
    "safety.view",
    "safety.declared-only",
    "meaning.personas",
    "meaning.nobody",
    "meaning.dates",
    "meaning.letters",
    "meaning.names",
    "meaning.one-person",
    "behaviour.deadline",
    "behaviour.retries",
    "behaviour.slow-down",
    "behaviour.breaker",
    "behaviour.clock",
    "evidence.one-event",
    "evidence.logs",
    "evidence.metrics",
)
