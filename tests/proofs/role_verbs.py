"""Verbs of the command for the proof of roles: run as in production, by whoever holds which token, and by two."""

import itertools
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from gateway.staff.people import StaffPersona, staff_personas
from gateway.staff.roles import DUTIES
from gateway.vocabulary.clock import SystemClock
from tests.journeys.staff.desk import log_in
from tests.proofs.stack import ROOT
from tests.services import end_with_parent

PRODUCTION = "https://gate.example"
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "key.rotate": (),
    "key.retire": ("{kid}", "--force"),
    "portal.add": ("added-{count}", "--redirect-uri", "https://mine.example/cb"),
    "portal.change": ("standing", "--name", "Other {count}"),
    "report.take": ("BC-2026-AAAA-AAAA",),
    "report.answer": ("BC-2026-AAAA-AAAA", "--text", "Đã kiểm tra."),
    "report.close": ("BC-2026-AAAA-AAAA",),
    "areas.import": (str(ROOT / "examples/units/thai_nguyen_synthetic.csv"),),
    "dossier.import": (str(ROOT / "examples/dossiers/synthetic.jsonl"),),
    "dossier.replay": ("dl_none",),
}
"""What a verb is called with; `kid` is a key that still verifies, `count` a number of its own for every call."""


class Done(NamedTuple):
    """How a verb ended, in the words of `subprocess`."""

    returncode: int
    stdout: str
    stderr: str


class Verbs:
    """Runs verbs of the command as in production: nobody stands in for who is not signed in."""

    def __init__(self, beside: Any, homes: Path) -> None:
        self.beside = beside
        self.homes = homes
        self.count = itertools.count(1)
        store = beside.stack.wish.urls
        self.known = {name: value for name, value in beside.environment().items() if not name.startswith("GATE06_")} | {
            "GATE06_ISSUER": PRODUCTION,
            "GATE06_STORE__URL": store.store,
            "GATE06_STORE__MASTER_KEY_FILE": str(beside.folder / "own.key"),
            **({"GATE06_STORE__REDIS": store.redis} if store.redis else {}),
        }
        self.kid = ""
        homes.mkdir()
        self.runner = subprocess.Popen(
            [sys.executable, "-m", "tests.proofs.verb_runner"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
        )

    def refuse_tokens(self, tokens: Mapping[str, str]) -> dict[str, Any]:
        """Run every verb with everything that is no command's token; none does anything."""
        assert DUTIES.keys() == ARGUMENTS.keys(), "a duty's verb has no arguments in this proof"
        refused = 0
        for whose, token in tokens.items():
            for spelt in dict.fromkeys(
                (token, token.replace("ga_", "sa_", 1)) if whose == "citizen access" else (token,)
            ):
                self._keep("thief", spelt)
                for verb in DUTIES:
                    code, _, err = self.run("thief", verb, kid="none")
                    # a key that nobody has is looked for before who asks, and is not found by anybody
                    assert code == 5 or (verb, code) == ("key.retire", 4) or (verb, code) == ("portal.change", 4), (
                        whose,
                        verb,
                        code,
                        err,
                    )
                    refused += 1
                for answer in ("approve", "reject"):
                    done = self._gate06("thief", "approval", answer, "ap_none", "--reason", "x")
                    assert done.returncode == 5, (whose, answer, done.stderr)
                    refused += 1
        return {"verbs": len(DUTIES) + 2, "tokens": len(tokens), "verbs_refused": refused}

    def two_people(self) -> dict[str, Any]:
        """Every verb that two must agree on: never the requester, by whatever account; once, and by whoever may."""
        people = {account: one for one in staff_personas() for account in one.accounts}
        for account in people:
            log_in(self.beside, self.homes / account, account)
            self._take_over(account)
        self._prepare(people)
        counted: Counter[str] = Counter()
        for verb, duty in DUTIES.items():
            for account, one in people.items():
                if "{kid}" in ARGUMENTS[verb]:
                    self.kid = self._old_key(people)  # a key that somebody has retired asks for no role any more
                if not set(one.roles) & set(duty.asks):
                    assert self.run(account, verb, kid=self.kid)[0] == 5, (verb, account)
                    counted["asked without the role"] += 1
                elif duty.approves:
                    counted += self._decide(verb, account, people)
        return {"two_people": dict(sorted(counted.items()))}

    def _prepare(self, people: Mapping[str, StaffPersona]) -> None:
        """Leave a portal to change and a key that still verifies."""
        asker, seconder = self._pair("portal.add", people)
        asked = ("portal", "add", "standing", *ARGUMENTS["portal.add"][1:], "--reason", "kiểm thử")
        code, out, err = self._asked(self._gate06(asker, *asked))
        assert code == 8, err
        assert self._gate06(seconder, "approval", "approve", out["approval"]["id"]).returncode == 0

    def _decide(self, verb: str, asker: str, people: Mapping[str, StaffPersona]) -> Counter[str]:
        counted: Counter[str] = Counter()
        code, out, err = self.run(asker, verb, kid=self.kid)
        assert code == 8, (verb, asker, err)
        approval = out.get("approval", out)["id"]
        mine = people[asker].accounts
        for account in mine:
            done = self._gate06(account, "approval", "approve", approval)
            assert (done.returncode, "GW-2412" in done.stderr) == (5, True), (verb, account, done.stderr)
            counted["requester refused"] += 1
        able = [
            name for name, one in people.items() if set(one.roles) & set(DUTIES[verb].approves) and name not in mine
        ]
        for account in people.keys() - set(able) - set(mine):
            done = self._gate06(account, "approval", "approve", approval)
            assert (done.returncode, "GW-2403" in done.stderr) == (5, True), (verb, account, done.stderr)
            counted["decided without the role"] += 1
        first, *others = able
        assert self._gate06(first, "approval", "approve", approval).returncode == 0
        counted["agreed by a second person"] += 1
        for account in (first, asker, *others):
            for answer in ("approve", "reject"):
                done = self._gate06(account, "approval", answer, approval, "--reason", "x")
                assert (done.returncode, "GW-2413" in done.stderr) == (8, True), (verb, account, done.stderr)
                counted["decided twice refused"] += 1
        return counted

    def _pair(self, verb: str, people: Mapping[str, StaffPersona]) -> tuple[str, str]:
        duty = DUTIES[verb]
        asker = next(name for name, one in people.items() if set(one.roles) & set(duty.asks))
        return asker, next(
            name
            for name, one in people.items()
            if set(one.roles) & set(duty.approves) and one.index != people[asker].index
        )

    def _old_key(self, people: Mapping[str, StaffPersona]) -> str:
        """Return a key that signs no more and still verifies, made by turning the ring."""
        asker = next(name for name, one in people.items() if set(one.roles) & set(DUTIES["key.rotate"].asks))
        for _ in range(3):
            listed = self._asked(self._gate06(asker, "key", "list"))[1]["keys"]
            old = [one["kid"] for one in listed if one["state"] == "retiring"]
            if old:
                return str(old[0])
            assert self._gate06(asker, "key", "rotate", "--force").returncode == 0
        raise AssertionError("no key signs no more")

    def run(self, home: str, verb: str, *, kid: str) -> tuple[int, Any, str]:
        """Run a verb of the table of duties as whoever is signed in at `home`; return exit code, answer and talk."""
        words = [one.format(kid=kid, count=next(self.count)) for one in ARGUMENTS[verb]]
        reason = ("--reason", "kiểm thử") if DUTIES[verb].approves else ()
        return self._asked(self._gate06(home, *verb.split("."), *words, *reason))

    def _asked(self, done: "Done") -> tuple[int, Any, str]:
        return done.returncode, orjson.loads(done.stdout) if done.stdout else None, done.stderr

    def _gate06(self, home: str, *words: str) -> "Done":
        folder = str(self.homes / home / "production")
        asked = {
            "arguments": [*words, *(() if words[0] == "approval" else ("--json",))],
            "environment": self.known | {"HOME": folder, "XDG_CONFIG_HOME": folder},
            "folder": str(self.beside.folder),
        }
        assert self.runner.stdin is not None
        assert self.runner.stdout is not None
        self.runner.stdin.write(orjson.dumps(asked) + b"\n")
        self.runner.stdin.flush()
        told = orjson.loads(self.runner.stdout.readline())
        return Done(told["code"], told["out"], told["err"])

    def close(self) -> None:
        """End the program that runs the verbs."""
        self.runner.communicate(timeout=60)

    def _take_over(self, account: str) -> None:
        """Let the sign-in at the stack's own issuer count for production: it is the same store."""
        kept = orjson.loads((self.homes / account / ".config/gate06/login.json").read_bytes())
        self._keep(account, kept[self.beside.issuer]["token"])

    def _keep(self, home: str, token: str) -> None:
        file = self.homes / home / "production/gate06/login.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        ends = SystemClock().now().timestamp() + 1500
        file.write_bytes(orjson.dumps({PRODUCTION: {"token": token, "expires_at": ends}}))
