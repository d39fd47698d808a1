"""What filling forms needs, put together in `application.py`: the policy book, the sources, what keeps evidence and
records, the signing key, and figures. `Prefill` is handed to the endpoints and to the OpenID provider."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from gateway.audit.record import Evidence
from gateway.connector_runtime.call import OnLate
from gateway.connector_runtime.contract import Answer, Question
from gateway.policy.bundle import PolicyBundle
from gateway.prefill.manifest import Signer
from gateway.prefill.plan import Plan, plan_form
from gateway.tokens.jose import KeySource
from gateway.vocabulary.clock import Clock, Randomness
from gateway.vocabulary.form_preview import FormAsk, FormPreview
from gateway.vocabulary.purpose import Relation
from gateway.vocabulary.store import BlindIndex, CitizenKeys, Store

_REMEMBERED_PLANS = 512


class Sources(Protocol):
    """Asks registers; `gateway.connector_runtime.registry.ConnectorRegistry` does."""

    async def ask(
        self, questions: Mapping[str, Question], *, on_late: OnLate | None = None, portal: str = ""
    ) -> Mapping[str, Answer]:
        """Return per source an outcome for every attribute asked, at the deadline at the latest; raises nothing.

        `portal` is whose daily quota counts.
        """
        ...


class ManifestKeys(Signer, KeySource, Protocol):
    """Signs manifests and knows the keys whose signatures count; `gateway.tokens.keys.KeyRing` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`issuer` is ours. `deadline_for` is what sources get, `late_for` how long an answer may come after it,
    `manifest_for` how long a form can be compared, `dossier_for` how long a named dossier may be read. `connected` are
    the registers that can be asked at all, None all of the policy book."""

    issuer: str
    deadline_for: timedelta = timedelta(milliseconds=2500)
    late_for: timedelta = timedelta(seconds=20)
    manifest_for: timedelta = timedelta(days=30)
    dossier_for: timedelta = timedelta(days=30)
    changed_limit: int = 20
    connected: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where records and evidence go, and the time and chance they are made with; `index` finds a person by number."""

    store: Store
    index: BlindIndex
    keys: CitizenKeys
    evidence: Evidence
    clock: Clock
    randomness: Randomness


class Prefill:
    """Everything a form is filled with. `prepare` serves the notice page of a sign-in."""

    def __init__(
        self, policy: PolicyBundle, sources: Sources, desk: Desk, signer: ManifestKeys, figures: Figures
    ) -> None:
        self._policy = policy
        self._plans: dict[tuple[str, Relation, int, frozenset[str] | None], Plan] = {}
        self.sources = sources
        self.desk = desk
        self.signer = signer
        self.figures = figures

    @property
    def policy(self) -> PolicyBundle:
        """The policy book in force."""
        return self._policy

    def plan(self, procedure: str, relation: Relation, fields: Iterable[str] | None = None, *, party: int = 1) -> Plan:
        """Return the plan of a form, made once per book. Raises UnknownProcedure, AttributeNotPermitted."""
        wanted = None if fields is None else frozenset(fields)
        plan = self._plans.get((procedure, relation, party, wanted))
        if plan is None:
            wished = self._policy.procedure(procedure)
            connected = self.figures.connected
            plan = plan_form(self._policy, wished, relation, wanted, party=party, connected=connected)
            if len(self._plans) >= _REMEMBERED_PLANS:
                self._plans.clear()
            self._plans[(procedure, relation, party, wanted)] = plan
        return plan

    async def prepare(self, ask: FormAsk) -> FormPreview:
        """Return what the notice page shows; sources in trouble become fields with a reason.

        Raises UnknownProcedure, a refusal of the policy (LevelTooLow among them), or EvidenceNotStored.
        """
        from gateway.prefill.preview import prepare_form

        return await prepare_form(ask, self)
