# One verb per need; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup fmt check test sim soak bench demo demo-town docs lock clean

BIN := .venv/bin
STAMP := .venv/.fresh
FAST := not dolt and not chromium and not slow
PACKAGES := cli town federation ledger stamps

# Compiled once, whatever the caller's shell says: hundreds of processes are started by the tests.
export PYTHONDONTWRITEBYTECODE :=

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: $(STAMP) ## make .venv from the lock, with `wl` in it

# Hashes are required, dependencies come from the lock alone, and the project is installed editable.
# An index that stutters is asked again.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --retries 10 --timeout 60
$(STAMP): pyproject.toml requirements/dev.lock tools/python-for-us
	@[ -x $(BIN)/python ] && $(BIN)/python -c '' 2>/dev/null || { \
	  python=$$(PYTHON="$(PYTHON)" tools/python-for-us); \
	  echo "setup: .venv from $$python"; "$$python" -m venv --clear .venv; }
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python tools/engine_fits.py
	@touch $@

fmt: $(STAMP) ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: $(STAMP) ## format, lint, types, imports, fast tests
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports > .venv/imports.txt || { cat .venv/imports.txt; exit 1; }
	WL_PROFILE=check $(BIN)/python -m pytest -q -n 2 --dist worksteal -m "$(FAST)"

test: $(STAMP) ## every test, with coverage and its floors
	rm -f .coverage .coverage.* coverage.json
	WL_DOLT="$${WL_DOLT:-$$(tools/dolt/build || true)}" $(BIN)/python -m tools.covered run -m pytest -n 3 --dist worksteal
	$(BIN)/python -m tools.covered combine --quiet
	$(BIN)/python -m tools.covered json --quiet -o coverage.json
	$(BIN)/python -m tools.coverage_floors coverage.json

sim: $(STAMP) ## simulate towns: SEEDS=n many, SEED=x replays one
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),300))

soak: $(STAMP) ## work three towns while killing them: MINUTES=n, SEED=x
	$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),5) --seed $(or $(SEED),1)

bench: $(STAMP) ## measure: N=1000000 for the large table
	$(BIN)/python -m bench $(if $(N),--records $(N))

demo: $(STAMP) ## two towns on this machine do the main job
	$(BIN)/wl demo

demo-town: $(STAMP) ## a town on this machine merges four beads by itself
	$(BIN)/gt demo

docs: $(STAMP) ## check that links in the documents lead somewhere
	$(BIN)/python -m pytest -q tests/house/test_documents.py

lock: $(STAMP) ## resolve the dependencies anew
	tools/lock

clean: ## remove what the verbs made here
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist build coverage.json
	rm -f .coverage .coverage.* ..coverage*
