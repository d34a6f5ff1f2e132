# Every target sets up what it needs: a virtual environment in .venv, made once and again when setup.cfg changes.

PYTHON ?= python3
# Another Salt than the newest: make test SALT=3006.24 takes the newest of 3006.
SALT ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# npm's own note of what it has installed.
NODE := tests/node/node_modules/.package-lock.json
# uv installs the same packages several times faster. Where pip cannot get it, or uv cannot get them, pip installs them.
# Unlike pip it compiles only when asked to: where PYTHONDONTWRITEBYTECODE is set, each process would compile Salt and boto3 anew.
PACKAGES = --editable '.[$(1)]' $(if $(SALT),'salt>=$(SALT)' 'salt==$(firstword $(subst ., ,$(SALT))).*')
INSTALL = { $(BIN)/pip install --quiet --disable-pip-version-check uv \
    && $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python $(PACKAGES); } \
  || $(BIN)/pip install --quiet --disable-pip-version-check $(PACKAGES)

# Otherwise each of the many commands that tests start would compile this tree anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test sentences test-all chaos doubles mutants node lint types docs changelog links bench aws sandbox clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target text; do \
	  printf '  make %-9s %s\n' "$$target" "$$text"; done

demo: $(READY) ## Plan, apply and apply again what a sample fleet needs, on an AWS inside this machine
	@$(BIN)/python -m demo

test: lint types node ## Check the style and the types, and run every test
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

sentences: $(READY) node ## Run every test, and fail for a sentence of the product that none has made it say
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --unsaid

test-all: $(READY) node ## Run every test on every supported Salt and Python that is here
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/nox

chaos: $(READY) ## Search for what a thief could destroy, and play the matrix of faults
	@PYTHONPATH=.:_utils $(BIN)/python -m tests.chaos

# As of the days of its release: later versions of what it needs do not fit it, and it does not say so.
LOCALSTACK := build/doubles/localstack
LOCALSTACK_PYTHON ?= 3.11
doubles: $(READY) ## Try the states on moto as it is, LocalStack and Ceph's S3 gateway
	@test -x $(LOCALSTACK)/bin/localstack || $(MAKE) --no-print-directory $(LOCALSTACK)/bin/localstack \
	  || echo "LocalStack could not be installed." >&2
	@PYTHONPATH=.:_utils $(BIN)/python -m tests.doubles $(ARGUMENTS)

$(LOCALSTACK)/bin/localstack: $(READY)
	@$(BIN)/uv venv --quiet --allow-existing --python $(LOCALSTACK_PYTHON) $(LOCALSTACK)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(LOCALSTACK)/bin/python --exclude-newer 2026-02-20 \
	  'localstack-core[runtime]==4.13.1'

# A room of tests/mutants/rooms.py; all of them without one.
ROOM ?=
mutants: $(READY) ## Change what guards backups and secrets, one place at a time: does a test fail? ROOM=recovery takes one room
	@$(call INSTALL,mutants)
	@PYTHONPATH=.:_utils nice $(BIN)/python -m tests.mutants $(ROOM)

# Where it cannot be had, the tests leave out what needs it, and say so.
node: $(READY) ## Install the policy simulator and axe-core, which tests use
	@$(MAKE) --no-print-directory $(NODE) || echo "The policy simulator and axe-core could not be installed." >&2

lint: $(READY) ## Check the style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

# pyright runs on Node.
types: node ## Check the types
	@if test -x $(BIN)/pyright; then PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright; \
	else echo "pyright could not be installed: the types were not checked." >&2; fi

docs: $(READY) ## Make the documentation as HTML, in build/docs
	@$(BIN)/python -m sphinx -q -b html docs build/docs
	@echo 'Open build/docs/index.html'

# With the version: make changelog VERSION=1.1.0
changelog: $(READY) ## Move the lines of changelog.d to a new section of CHANGELOG.md
	@$(BIN)/towncrier build --yes --version "$(VERSION)"

links: $(READY) ## Ask every link of the documentation, which needs the internet
	@$(BIN)/python -m sphinx -q -b linkcheck docs build/links

bench: $(READY) ## Measure a fleet of 100 servers, and compare 50 and 5 with a script and with Salt alone
	@$(BIN)/python -m bench.fleet
	@$(BIN)/python -m bench.compare

aws: $(READY) ## Try the states on a real account: AWS_RUNBOOK_TEST_ACCOUNT must be its number
	@PYTHONPATH=.:_utils $(BIN)/python -m tests.aws $(ARGUMENTS)

sandbox: $(READY) ## Start the AWS inside this machine and show what to export to use it
	@$(BIN)/python -m sandbox

clean: ## Remove what the other targets made
	rm -rf $(VENV) .nox .demo tests/node/node_modules build dist .coverage .coverage.* .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name '*.egg-info' -type d -prune -exec rm -rf {} +

$(READY): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "This needs Python 3.10 or newer as $(PYTHON): make PYTHON=/path/to/python3 names another." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) cannot make virtual environments: install python3-venv (Debian: apt install python3-venv)." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(call INSTALL,dev)
	@touch $@

# Not part of .venv from the start: Node is large, and the demo does not need it.
$(NODE): tests/node/package-lock.json $(READY)
	@$(call INSTALL,node)
	@$(BIN)/npm ci --prefix tests/node --loglevel=error
	@touch $@
