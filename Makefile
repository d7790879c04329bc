# Farebox. Two commands matter: `make run` and `make test`; both set up what they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
# The instance's folder; PORT and FAREBOX_HOME let a second one run beside the first.
export FAREBOX_HOME ?= .dev
# A run starts a hundred processes of the same code: they may keep what they compile, whatever the shell says (images
# for containers often forbid it), or each reads all sources again.
unexport PYTHONDONTWRITEBYTECODE
# Commands that never touch a database still read its address.
NO_SERVERS := DATABASE_URL=postgresql://farebox_app@127.0.0.1:1/none CELERY_BROKER_URL=redis://127.0.0.1:1/0
MANAGE := $(NO_SERVERS) $(BIN)/python -W ignore manage.py
TESTS ?= tests
# The trace to prove with; without one, prove makes a load of its shape.
TRACE ?= $(wildcard $(or $(FAREBOX_SHARED),../shared)/data/azure_llm_trace_conv_2023.csv)
WORKERS ?= 2
# Operations of `make prove` against PostgreSQL; the pure core does fifty times as many.
N ?= 200000

.PHONY: help install run test check fmt lint types imports templates migrations schema style css prove faults bench bench-growth museum clean-dev lock openapi

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | column -t -s '|'

install: $(STAMP) ## make .venv and install what is pinned

# A broken or moved .venv is made again; uv is quicker where there is one.
$(STAMP): requirements.txt requirements-dev.txt constraints.txt
	@if ! $(BIN)/python -c '' 2>/dev/null; then rm -rf .venv; $(PYTHON) -m venv .venv; fi
	@if command -v uv >/dev/null; then \
		uv pip install --quiet --python $(BIN)/python -r requirements-dev.txt -c constraints.txt; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements-dev.txt -c constraints.txt; \
	fi
	@touch $@

run: $(STAMP) ## start everything; Ctrl-C stops all of it
	@exec $(BIN)/python -m config.devservices up

test: $(STAMP) ## run the tests; they bring their own servers (TESTS=tests/wallets, WORKERS=0 for one process)
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: lint types imports templates migrations schema style ## everything that is read, not run

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy .

imports: $(STAMP)
	$(BIN)/lint-imports

templates: $(STAMP)
	$(BIN)/djlint --lint --quiet templates

migrations: $(STAMP)
	$(MANAGE) makemigrations --skip-checks --check --dry-run

schema: $(STAMP)
	@mkdir -p $(FAREBOX_HOME)
	@$(MANAGE) spectacular --skip-checks --validate --fail-on-warn --file $(FAREBOX_HOME)/openapi.yaml
	@diff -u docs/openapi.yaml $(FAREBOX_HOME)/openapi.yaml || { echo "The API changed: make openapi writes docs/openapi.yaml."; exit 1; }

openapi: $(STAMP) ## write docs/openapi.yaml
	$(MANAGE) spectacular --skip-checks --validate --fail-on-warn --file docs/openapi.yaml

style: $(STAMP)
	$(BIN)/pytest -q tests/test_house_style.py

fmt: $(STAMP) ## format and fix what can be fixed
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

css: $(STAMP) ## build static/css from assets/
	$(BIN)/tailwindcss --input assets/app.css --output static/css/app.css --minify

prove: $(STAMP) ## prove ledger, orders of events and doors, then replay the whole trace (N=200000, SEED=7, PROVERS="orders core machine ledger api door", TRACE=file.csv)
	@$(BIN)/python -m tests.provers $(PROVERS) --operations $(N) $(if $(SEED),--seed $(SEED))
	@$(if $(PROVERS),,$(BIN)/python -m config.devservices prove $(TRACE))

faults: $(STAMP) ## kill every story everywhere, break Stripe, kill each part under load, then pairs of faults for FAULT_MINUTES (10; FAULT_SEED repeats them)
	@FAULT_MINUTES=$(or $(FAULT_MINUTES),10) $(BIN)/pytest -q -s tests/faults/test_crash_*.py tests/faults/test_stripe_outages.py tests/faults/test_live_kills.py tests/faults/test_fault_pairs.py

bench: $(STAMP) ## measure the money path beside its floor and write docs/benchmarks.md; under 15 minutes (ROUNDS=5)
	@$(BIN)/python -W ignore -m tests.bench

bench-growth: $(STAMP) ## measure it on ledgers of 10^4, 10^6 and 10^7 entries; long, and 1 GB a million (SIZES="10000 1000000")
	@$(BIN)/python -W ignore -m tests.bench.growth

museum: $(STAMP) ## put known bugs back into a copy of the tree and see their tests go red; some minutes (ONLY="name name")
	@$(BIN)/python -m tests.museum $(ONLY)

clean-dev: $(STAMP) ## forget the development instance: its data, ports and secrets
	@$(BIN)/python -m config.devservices clean

lock: $(STAMP) ## pin what the requirements pulled in
	@{ head -1 constraints.txt; $(BIN)/pip freeze --exclude pip --exclude setuptools 2>/dev/null | sort -f; } > constraints.new
	@mv constraints.new constraints.txt
