# make demo      everything on this machine, from a fresh checkout, in one command
# make test      all tests; installs what they need
# make check     format, lint, types, floors, house rules, stale references
# make prove     the long proofs (mutations, races, kills); make bench: the figures, beside a peer

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# a distribution's own Python is built with profile-guided optimisation, a self-built one often is not (about 15 % slower)
PYTHON ?= $(shell /usr/bin/python3.11 -c 'import ensurepip' 2>/dev/null && echo /usr/bin/python3.11 \
	|| command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
RUN := .venv/.run-installed
DEV := .venv/.dev-installed
NPM := tests/npm/node_modules/.installed
PEER := benchmarks/peer/node_modules/.installed
PYTEST_FLAGS ?= -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help venv demo test check prove bench references format system

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -4

$(RUN): requirements/run.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes --requirement requirements/run.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUN)
	$(PIP) --require-hashes --requirement requirements/dev.txt
	@touch $@

$(NPM): tests/npm/package-lock.json
	cd tests/npm && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PEER): benchmarks/peer/package-lock.json
	cd benchmarks/peer && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# programs the tests start: PostgreSQL, Redis, Chromium, node, Apache
system:
	@.ci/install

venv: $(RUN)

demo: $(RUN)
	@exec $(BIN)/gate06 demo

test: $(DEV) system
	@$(MAKE) --no-print-directory $(NPM)
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/check.py

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

references: $(DEV)
	$(BIN)/python .ci/references.py --write

prove: $(DEV) system
	$(BIN)/python -m tests.proofs.prove

bench: $(DEV) $(PEER) system
	$(BIN)/python -m benchmarks $(BENCH_FLAGS)
