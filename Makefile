# Every command of the project. `make` alone prints this list.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ONCE ?=
WORKERS ?= 2

.PHONY: help setup demo fmt check quick test coverage deep bench docs clean

help: ## print this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 12

# What it takes to run; a change of the lock installs again.
$(VENV)/.runs: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Tocsin needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …' >&2; exit 2; }
	@test -x $(BIN)/python || { echo 'Creating $(VENV) …'; $(PYTHON) -m venv $(VENV); }
	@echo 'Installing pinned packages …'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# What it takes to develop, on top.
$(VENV)/.develops: $(VENV)/.runs requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.develops ## install everything, pinned

demo: $(VENV)/.runs ## everything on one machine, real alerts in seconds (ONCE=1: stop by itself)
	@$(BIN)/tocsin demo $(if $(ONCE),--once)

fmt: setup ## format, and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: setup ## format, lint, types, imports, house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/unit/test_house_rules.py

quick: setup ## unit, property and conformance tests
	$(BIN)/pytest -q tests/unit tests/property tests/conformance

# A real EVM node; without npm the tests that need it are skipped, with one line.
tests/e2e/node_modules: tests/e2e/package.json tests/e2e/package-lock.json
	@if command -v npm >/dev/null; then \
	  cd tests/e2e && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error && touch node_modules; \
	elif [ -n "$${CI:-}" ]; then echo 'CI needs npm for the tests against anvil' >&2; exit 1; \
	else echo 'npm is missing: tests against anvil will be skipped'; fi

# In several processes, each with servers of its own: the tests of whole processes mostly wait.
test: setup tests/e2e/node_modules ## every test that CI proves (WORKERS=0: in one process)
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal

# Without random tests: what they reach differs from run to run. Nothing recorded is needed.
coverage: setup ## every branch of matching, nouns and decoders has a test
	$(BIN)/coverage run -m pytest -q \
	  tests/unit/chains tests/unit/cli tests/unit/matching tests/unit/model \
	  tests/unit/api/test_paging.py tests/conformance
	$(BIN)/coverage report

deep: coverage tests/e2e/node_modules ## every branch has a test, then long seeded runs
	$(BIN)/pytest -q -m deep

bench: setup ## benchmarks, as ratios
	$(BIN)/pytest -q -m benchmark

docs: setup ## regenerate the references; CI fails on a difference
	$(BIN)/python -m tests.support.reference

clean: ## remove what the commands made
	rm -rf $(VENV) tests/e2e/node_modules .mypy_cache .ruff_cache .hypothesis .import_linter_cache \
	  .coverage.db
