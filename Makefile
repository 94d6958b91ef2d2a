# What a newcomer needs: `make` prints this list. Only Python 3.11 or newer, make and git have to be there.
# Everything is installed into .venv from hash-pinned lists; nothing is written to the home folder.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$name && break; done)
WORKERS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: help docs-site dist demo test oracles test-all soak years bench bench-large lint types docs format lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

.venv/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "preserve needs Python 3.11 or newer (make PYTHON=/path/to/python3)" >&2; exit 1; }
	@echo "== making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv

# Each list is a superset of the one above it, with the same pins. Hash checking and --no-deps leave nothing to chance.
.venv/.run: .venv/pyvenv.cfg requirements/run.txt pyproject.toml
	@echo "== installing what preserve needs (requirements/run.txt)"
	@$(PIP) install --no-deps --require-hashes -r requirements/run.txt
	@echo "== installing preserve itself, editable"
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q preserve
	@touch $@

.venv/.test: .venv/.run requirements/test.txt
	@echo "== installing what the tests need (requirements/test.txt)"
	@$(PIP) install --no-deps --require-hashes -r requirements/test.txt
	@touch $@

demo: .venv/.run ## capture, edit, capture again, verify, damage, find it: on a mirror of its own, offline
	@echo "== preserve demo"
	@$(BIN)/preserve demo

# SQLite waits for the disk at each commit: the folders of tests lie in memory where there is room for them.
TEST_FOLDERS := $(shell df --output=avail -BM /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 + 0 > 4000 { print "/dev/shm" }')

test: .venv/.test lint types ## what must pass before a commit: lint, types, layers, fast tests, docs
	@echo "== tests (fast suite, $(WORKERS) processes)"
	@PYTEST_DEBUG_TEMPROOT=$(TEST_FOLDERS) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.oracles/.ready: .venv/pyvenv.cfg requirements/oracles.txt
	@echo "== making .oracles: other people's tools to compare with (requirements/oracles.txt)"
	@$(PYTHON) -m venv .oracles
	@.oracles/bin/python -m pip --disable-pip-version-check --quiet --no-input install --no-deps --require-hashes -r requirements/oracles.txt
	@touch $@

.oracles/debian/.ready: tools/debian_tool.sh .oracles/.ready
	@echo "== unpacking nginx, wget, strace, SLURM, PostgreSQL and a browser (Debian packages) into .oracles/debian"
	@tools/debian_tool.sh .oracles/debian nginx wget
	@command -v chromium >/dev/null || tools/debian_tool.sh --needed .oracles/debian chromium fonts-dejavu-core
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
		server=$$(apt-cache depends --important postgresql 2>/dev/null | awk '$$2 ~ /^postgresql-[0-9]+$$/ { print $$2; exit }'); \
		test -z "$$server" || tools/debian_tool.sh --needed .oracles/debian "$$server"; }
	@command -v strace >/dev/null || tools/debian_tool.sh --needed .oracles/debian strace
	@command -v slurmctld >/dev/null || tools/debian_tool.sh --needed .oracles/debian slurmctld slurmd slurm-client || \
		echo "SLURM did not come: its tests are skipped" >&2
	@mkdir -p .oracles/debian && touch $@

# The Nu Html Checker, pinned with its hash. It needs Java, which is not fetched.
VNU := vnu-jar-26.9.27
VNU_SHA256 := 5970d3ffca91a627cf0965e5d91bb2e4242307c29292998de0b419d6a901b2b7
.oracles/vnu/.ready: .oracles/.ready
	@mkdir -p .oracles/vnu
	@if command -v npm >/dev/null && command -v java >/dev/null; then \
		echo "== unpacking the checker of HTML (npm) into .oracles/vnu"; \
		(cd .oracles/vnu && npm pack --silent $(subst jar-,jar@,$(VNU)) >/dev/null && \
			echo "$(VNU_SHA256)  $(VNU).tgz" | sha256sum --check --quiet && \
			tar -xzf $(VNU).tgz package/build/dist/vnu.jar && rm $(VNU).tgz); \
	else echo "no npm or Java here: the test that checks HTML is skipped" >&2; fi
	@touch $@

.oracles/npm/.ready: tools/npm_package.sh .oracles/.ready
	@echo "== unpacking ReplayWeb.page (npm, AGPL: for tests only) into .oracles/npm"
	@tools/npm_package.sh .oracles/npm replaywebpage 2.4.6 \
	  uG50jESRld0p+fY7+nUxIWl7hvfimreNjSmaNkc/a9a8gBdmb7PH4J42Iib+vgk9KrHd0HLScVT++LgqV5fwpQ==
	@mkdir -p .oracles/npm && touch $@

# Spark needs Java, which is not fetched. It is large: taken out of its package as it is, it costs a third of what an
# installation does. Where it does not come, its tests are skipped, and no others are.
.oracles/spark/.ready: tools/spark.sh requirements/spark.txt .oracles/.ready
	@if command -v java >/dev/null; then \
		echo "== unpacking Spark (Python index) into .oracles/spark"; \
		timeout 600 tools/spark.sh .oracles || echo "Spark did not come: its tests are skipped" >&2; \
	else echo "no Java here: the tests of Spark are skipped" >&2; fi
	@mkdir -p .oracles/spark && touch $@

oracles: .oracles/.ready .oracles/debian/.ready .oracles/vnu/.ready .oracles/npm/.ready .oracles/spark/.ready ## get pywb, nginx, pandoc and others into .oracles, for the tests that need them

test-all: .venv/.test oracles lint types ## the same with the slow tests, and what they cover
	@echo "== tests (all but those that need the internet, $(WORKERS) processes)"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not online" --hypothesis-profile search --cov --cov-report=term

dist: .venv/.test .oracles/.ready ## build the wheel and the source archive into dist/, and look at their metadata
	@rm -rf build/man dist
	@$(BIN)/python tools/generate_man.py build/man
	@$(BIN)/hatchling build -d dist -t sdist -t wheel
	@.oracles/bin/twine check --strict dist/*

.docs/.ready: .venv/pyvenv.cfg requirements/docs.txt
	@echo "== making .docs: what builds the site of the documentation (requirements/docs.txt)"
	@$(PYTHON) -m venv .docs
	@.docs/bin/python -m pip --disable-pip-version-check --quiet --no-input install --no-deps --require-hashes -r requirements/docs.txt
	@touch $@

docs-site: .docs/.ready docs ## build the documentation as a site into build/site, with every link checked
	@NO_MKDOCS_2_WARNING=1 .docs/bin/mkdocs build --quiet
	@echo "== build/site/index.html"

soak: .venv/.test ## a long capture: 100,000 addresses on 50 hosts of loopback, faults mixed in
	@$(BIN)/python -m tests.soak.soak

years: .venv/.test ## 300 days of daily captures with a shifted clock and a year's accidents (half an hour)
	@$(BIN)/python -m tests.years.year

bench: .venv/.test oracles ## capture beside wget, the ledger at size, checks and indexes beside others (a few minutes)
	@$(BIN)/python -m tests.bench.capture
	@$(BIN)/python -m tests.bench.ledger
	@$(BIN)/python -m tests.bench.verify
	@$(BIN)/python -m tests.bench.extract
	@$(BIN)/python -m tests.bench.dump
	@$(BIN)/python -m tests.bench.rot
	@$(BIN)/python -m tests.bench.provenance

bench-large: .venv/.test ## an archive of 250,000 cables in /tmp/large, and what commands take on it (ten minutes the first time)
	@$(BIN)/python -m tests.bench.large --folder /tmp/large

lint: .venv/.test docs ## ruff, its formatter, the import layers, and what nothing calls
	@echo "== ruff: rules"
	@$(BIN)/ruff check --quiet .
	@echo "== ruff: format"
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --check . ; echo "run: make format" >&2; exit 1; }
	@echo "== import layers"
	@$(BIN)/lint-imports --no-cache >.venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }
	@echo "== dead code"
	@$(BIN)/vulture
	@$(BIN)/vulture preserve tests tools

types: .venv/.test ## mypy, strict
	@echo "== types"
	@$(BIN)/mypy --no-error-summary

docs: .venv/.test ## check that the generated pages are what the code says
	@echo "== generated pages"
	@$(BIN)/python tools/generate_docs.py --check

format: .venv/.test ## put sources into format and write the generated pages
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/python tools/generate_docs.py

lock: ## resolve the pinned lists in requirements/ anew (needs uv and the internet)
	@$(LOCK) --extra web pyproject.toml requirements/build.in -o requirements/run.txt
	@$(LOCK) --extra dev -c requirements/run.txt pyproject.toml requirements/build.in -o requirements/test.txt
	@$(LOCK) requirements/oracles.in -o requirements/oracles.txt
	@$(LOCK) requirements/docs.in -o requirements/docs.txt

clean: ## remove what can be made again; archives are left alone
	@rm -rf .venv .oracles .docs .demo .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage build dist
	@find preserve tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
