"""One gateway over a store: some tables of invented registers, a lifecycle that takes its steps, and the watch."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import count

from gateway.connector_lifecycle.figures import Counting
from gateway.connector_lifecycle.orders import (
    ApproveOrder,
    DraftOrder,
    Notice,
    PublishOrder,
    SubmitOrder,
    TestOrder,
)
from gateway.connector_lifecycle.release import digest_of
from gateway.connector_lifecycle.watch import Watch
from gateway.connector_runtime.call import SourceCaller
from gateway.connector_runtime.contract import Found, Health, Provenance, Question, Unavailable
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.making import Installed
from gateway.connector_runtime.manifest import read_manifest
from gateway.connector_runtime.means import Means
from gateway.connector_runtime.quota import Quotas
from gateway.connector_runtime.registry import ConnectorRegistry
from tests.connector_lifecycle.conftest import FIRST, NOW, OWNER, SECOND, lifecycle_over
from tests.connector_lifecycle.samples import FIELDS, PACKAGE, manifest_text, report_on

MORE = (*FIELDS, ("sex", "person.sex", "sex", None))
OLD, NEW = manifest_text("1.0.0"), manifest_text("1.1.0", fields=MORE)
WORDS = Notice(vi="Tạm dừng đến chiều.", en="Paused until this afternoon.")
_HOLDERS = count()


class Register:
    """A source that answers with its own name, what it `says`, or fails."""

    def __init__(self, source):
        self.source = source
        self.asked = 0
        self.fails = False
        self.says = None

    async def answer(self, question):
        self.asked += 1
        if self.fails or self.says is not None:
            return dict.fromkeys(question.attributes, self.says or Unavailable(reason="fault"))
        found = Found("x", Provenance(source=self.source, as_of=date(2031, 3, 1), retrieved_at=NOW))
        return dict.fromkeys(question.attributes, found)

    async def verify(self, question):
        self.asked += 1
        return True

    async def check(self):
        return Health("up")


class Gateway:
    """One gateway with some tables, a lifecycle and a watch, on a store."""

    def __init__(self, storage, clock, tables, *, unpublished_allowed=False, package=PACKAGE, code="5" * 64, **limits):
        self.lifecycle = lifecycle_over(storage, clock)
        self.clock, self.storage = clock, storage
        self.counting = Counting(clock, f"holder{next(_HOLDERS)}")
        self.watch = Watch(self.lifecycle, self.counting, clock, unpublished_allowed=unpublished_allowed)
        self.installed = {
            table: Installed(read_manifest(text, "m.toml"), digest_of(text), package, code)
            for table, text in tables.items()
        }
        self.registers = {table: Register(table) for table in tables}
        kept = Limits(late_for=0, **limits)
        self.quotas = Quotas("trial", kept, storage.store, clock)
        means = Means(clock, quotas=self.quotas if kept.daily_total else None)
        self.callers = {
            table: SourceCaller(table, register, means, provides=self.installed[table].manifest.provides, limits=kept)
            for table, register in self.registers.items()
        }
        manifests = {table: one.manifest for table, one in self.installed.items()}
        self.registry = ConnectorRegistry(
            self.callers.values(), manifests, installed=self.installed, steering=self.watch
        )

    async def look(self):
        await self.watch.look(self.installed)

    async def ask(self, source="trial", request_id="r", name="full_name", **asked):
        question = replace(self.question(request_id, name), **asked)
        return (await self.registry.ask({source: question}))[source][name]

    def question(self, request_id="r", name="full_name"):
        return Question(
            attributes=frozenset({name}),
            personal_number=f"999175{int(request_id[1:] or 0):06}",
            old_number=None,
            full_name="Trần Thị Bưởi",
            birth_date=None,
            procedure="1.004222",
            purpose="prefill",
            request_id=request_id,
            deadline_at=self.clock.now() + timedelta(seconds=5),
        )

    async def take(self, name, number, order, person=OWNER):
        return await self.lifecycle.take(name, person, "trial", number, order)

    async def approve(self, text):
        number = read_manifest(text, "m.toml").version
        await self.lifecycle.draft(OWNER, DraftOrder(manifest=text))
        await self.take("test", number, TestOrder(report=report_on(text)))
        seen = await self.take("submit", number, SubmitOrder(reason="thử", package=PACKAGE))
        order = ApproveOrder(
            manifest_sha256=seen.manifest_sha256, report_sha256=seen.report_sha256, package=seen.package
        )
        for person in (FIRST, SECOND):
            await self.take("approve", number, order, person)

    async def ask_many(self, how_many, start=0):
        return [await self.ask(request_id=f"r{number}") for number in range(start, start + how_many)]

    async def publish(self, text, share=100):
        await self.approve(text)
        number = read_manifest(text, "m.toml").version
        return await self.take("publish", number, PublishOrder(share=share, minutes=60))
