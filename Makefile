# Everything a developer does has a target here; `make` alone lists them. CI runs the same ones (.ci/run).
# A fresh machine needs make and Python 3.11 or newer, nothing else: each target first installs what it uses.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test test-duckdb-1.5 check format readme bench lock clean

VENV := .venv
# The oldest DuckDB line that is supported has an environment of its own.
VENV_DUCKDB15 := .venv-duckdb15
VENV_LOCK := .venv-lock
# flumine, which `make bench` runs as a program, needs older libraries than ours.
VENV_FLUMINE := .venv-flumine
BIN := $(VENV)/bin

# `make PYTHON=/path/to/python3.12` chooses one; otherwise the first of these that is new enough and has venv.
PYTHON_CANDIDATES = $(or $(PYTHON),python3.11 python3 python3.12 python3.13)

# What to hand on to pytest, as in `make test ARGS="-k ladder"`.
ARGS ?=

PIP_INSTALL = -m pip install --quiet --disable-pip-version-check
# No build isolation: what builds the project is locked too.
PIP_INSTALL_PROJECT = $(PIP_INSTALL) --no-deps --no-build-isolation --editable .

help:  ## List the targets (the default)
	@awk -F ':.*## ' '/^[a-z0-9.-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(VENV)/.dev  ## Install policytrader and its development tools into .venv
	@echo "Ready: $(BIN)/policytrader"

demo: $(VENV)/.project  ## Show a whole generated race day: no network, no account
	@$(BIN)/policytrader demo
	@command -v policytrader >/dev/null || echo "(policytrader is $(BIN)/policytrader here.)"

test: $(VENV)/.dev  ## Run all tests, then the engine's on the oldest supported DuckDB
	$(BIN)/python -m pytest -n auto $(ARGS)
	@$(MAKE) --no-print-directory test-duckdb-1.5

test-duckdb-1.5: $(VENV_DUCKDB15)/.project  ## Run the tests marked `engine` on DuckDB 1.5
	$(VENV_DUCKDB15)/bin/python -m pytest -n auto -m engine

check: $(VENV)/.dev  ## Check format, style, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev  ## Format the code and mend what ruff can mend safely
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

readme: $(VENV)/.dev  ## Write what the commands print now into README.md
	$(BIN)/python -m tests.test_readme

bench: $(VENV)/.bench $(VENV_FLUMINE)/.ready  ## Measure, beside other engines, and print ratios
	POLICYTRADER_BENCH_FLUMINE=$(CURDIR)/$(VENV_FLUMINE)/bin/python $(BIN)/python -m benchmarks $(ARGS)

clean:  ## Remove environments, caches and builds
	rm -rf $(VENV) $(VENV_DUCKDB15) $(VENV_LOCK) $(VENV_FLUMINE) build dist
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Environments: a stamp each, redone only when what it was made from changes -----------------------------------------

$(VENV)/bin/python $(VENV_DUCKDB15)/bin/python $(VENV_LOCK)/bin/python $(VENV_FLUMINE)/bin/python:
	@for candidate in $(PYTHON_CANDIDATES); do \
	  if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(@:/bin/python=) with $$candidate"; \
	    exec "$$candidate" -m venv --clear $(@:/bin/python=); \
	  fi; \
	done; \
	echo "policytrader needs Python 3.11 or newer with its venv module; tried: $(PYTHON_CANDIDATES)." >&2; \
	echo "Install it (on Debian or Ubuntu: apt-get install python3 python3-venv)," >&2; \
	echo "or name one: make PYTHON=/path/to/python3.11 ..." >&2; \
	exit 1

$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt | $(VENV)/bin/python
	@echo "Installing the locked requirements into $(VENV) (about a minute, once)"
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@touch $@

$(VENV)/.project: $(VENV)/.runtime pyproject.toml
	@echo "Installing policytrader into $(VENV)"
	@$(BIN)/python $(PIP_INSTALL_PROJECT)
	@touch $@

$(VENV)/.dev: $(VENV)/.project requirements/dev.txt
	@echo "Installing the locked development tools into $(VENV)"
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.project requirements/bench.txt
	@echo "Installing the engines to measure against into $(VENV)"
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/bench.txt
	@touch $@

$(VENV_DUCKDB15)/.requirements: requirements/duckdb15.txt requirements/build.txt | $(VENV_DUCKDB15)/bin/python
	@echo "Installing the requirements locked at DuckDB 1.5 into $(VENV_DUCKDB15) (about a minute, once)"
	@$(VENV_DUCKDB15)/bin/python $(PIP_INSTALL) --require-hashes -r requirements/duckdb15.txt -r requirements/build.txt
	@touch $@

$(VENV_DUCKDB15)/.project: $(VENV_DUCKDB15)/.requirements pyproject.toml
	@echo "Installing policytrader into $(VENV_DUCKDB15)"
	@$(VENV_DUCKDB15)/bin/python $(PIP_INSTALL_PROJECT)
	@touch $@

$(VENV_FLUMINE)/.ready: requirements/flumine.txt | $(VENV_FLUMINE)/bin/python
	@echo "Installing flumine, to be measured against, into $(VENV_FLUMINE)"
	@$(VENV_FLUMINE)/bin/python $(PIP_INSTALL) --require-hashes -r requirements/flumine.txt
	@touch $@

$(VENV_LOCK)/.ready: requirements/lock.txt | $(VENV_LOCK)/bin/python
	@echo "Installing the locked lock tool into $(VENV_LOCK)"
	@$(VENV_LOCK)/bin/python $(PIP_INSTALL) --require-hashes -r requirements/lock.txt
	@touch $@

# --- Lock files -------------------------------------------------------------------------------------------------------

# Universal: one file for Linux and macOS and every supported Python. No address of a registry is written down: whoever
# installs brings their own, and the hashes tell whether it served what was locked.
COMPILE = $(VENV_LOCK)/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'
PROJECT_PINNED = pyproject.toml requirements/pins.in
# Versions stay where they are unless they have to move; `make lock UPGRADE=1` moves them all.
UPGRADE ?=
NEWER = $(if $(UPGRADE),--upgrade)

lock: $(VENV_LOCK)/.ready  ## Write the lock files in requirements/ anew (UPGRADE=1: newest versions)
	$(COMPILE) $(NEWER) requirements/lock.in -o requirements/lock.txt
	$(COMPILE) $(NEWER) $(PROJECT_PINNED) -o requirements/runtime.txt
	$(COMPILE) $(NEWER) $(PROJECT_PINNED) --extra test --extra check -c requirements/runtime.txt -o requirements/dev.txt
	$(COMPILE) $(NEWER) requirements/build.in -c requirements/dev.txt -o requirements/build.txt
	$(COMPILE) $(NEWER) $(PROJECT_PINNED) --extra bench -c requirements/dev.txt -o requirements/bench.txt
	$(COMPILE) $(NEWER) requirements/flumine.in -o requirements/flumine.txt
	@# Starts from the versions in dev.txt, so that DuckDB alone differs.
	cp requirements/dev.txt requirements/duckdb15.txt
	$(COMPILE) pyproject.toml requirements/duckdb15.in --extra test -o requirements/duckdb15.txt
