# Ringfence.  `make help` says what there is; a machine needs Python 3.11 or newer with pip, make and git.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
READY := $(VENV)/.ready
SITE := site
DOCS_READY := .docs/.ready
DEMO := demo
ACCOUNTS ?= 10000
SEED ?= 7
# Several pytest workers at once: more threads in each would only wait for one another.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
# The tests start a hundred processes; each would compile what it imports, wherever nobody may keep what was compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup neo4j browser test usual-tests thorough lint types imports server servers chromium compiled demo pictures bench mutants docs man lock upgrade clean distclean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
	@echo "  settings: PYTHON=$(PYTHON) ACCOUNTS=$(ACCOUNTS) SEED=$(SEED)   (make demo ACCOUNTS=20000)"

setup: $(READY)  ## put Ringfence and all it needs into .venv (nothing to do when that is up to date)

neo4j: setup  ## put a Neo4j server for the tests into .neo4j (needs a JDK, 17 or newer, and Maven)
	@$(BIN)/python tests/neo4j_install.py

browser: setup  ## put the Chromium in which the tests open pages onto this machine (Debian, as root)
	@$(BIN)/python tests/browser_install.py

test:  ## every check that a change has to pass
	@$(MAKE) --no-print-directory --jobs=2 $(whole_lines) setup server chromium  # both wait for the network most of the time
	@$(MAKE) --no-print-directory --jobs=3 $(whole_lines) lint imports compiled
	@$(MAKE) --no-print-directory --jobs=2 types usual-tests

whole_lines = $(if $(filter output-sync,$(.FEATURES)),--output-sync)

# Types take half a minute of one core, and the tests wait for servers now and then.
usual-tests:
	@$(pytest) -m 'not thorough'

thorough: setup servers  ## what test leaves out: every moment at which something can be killed, Neo4j's current release
	@$(pytest) -m thorough

pytest = $(ONE_THREAD) $(BIN)/pytest -q --numprocesses=$(workers) --dist=loadscope --no-loadscope-reorder
# One more than there are cores: whoever has the servers' tests waits for a server most of the time.  A server of yours
# has one database, which only one of them can fill.
workers = $(if $(NEO4J_TEST_URI),1,$(shell $(PYTHON) -c 'import os; print(min(os.cpu_count() + 1, 4))'))

server:
	@$(PYTHON) tests/neo4j_install.py --if-possible --one-run

chromium:
	@$(PYTHON) tests/browser_install.py --if-possible

servers: setup
	@$(BIN)/python tests/neo4j_install.py --if-possible

# In a new environment nothing is compiled, and each worker of the tests would compile what it imports.
compiled: setup
	@$(BIN)/python -c 'import cli.main, detection.evaluation.evaluate, embeddings.encoder.training, hypothesis, neo4j'

lint: setup
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted; run: $(BIN)/ruff format ." >&2; exit 1; }

types: setup
	@$(BIN)/mypy --no-error-summary

imports: setup
	@out=$$(NO_COLOR=1 $(BIN)/lint-imports 2>&1) || { echo "$$out" >&2; exit 1; }

demo: setup  ## simulate a market with planted rings, load it, find the rings
	@rm -rf $(DEMO) && mkdir $(DEMO)
	$(BIN)/ringfence simulate $(DEMO)/market --accounts $(ACCOUNTS) --seed $(SEED)
	$(BIN)/ringfence load $(DEMO)/market --store $(DEMO)/store
	$(BIN)/ringfence detect --store $(DEMO)/store >/dev/null
	$(BIN)/ringfence rings --store $(DEMO)/store --limit 15
	@ring=$$($(BIN)/ringfence rings --store $(DEMO)/store --format csv --limit 1 | tail -n 1 | cut -d, -f1); \
	account=$$($(BIN)/ringfence export rings --store $(DEMO)/store -o - | sed -n 2p | cut -d, -f4); \
	printf '%s\n' '' 'Next, after export RINGFENCE_STORE=$(DEMO)/store and export PATH="$$PWD/$(BIN):$$PATH":' \
	  "  ringfence ring $$ring    who is in it, what the evidence is, what innocent readings were heard" \
	  "  ringfence account $$account   know before you deal" \
	  "  ringfence why $$account       the reasons in sentences" \
	  "  ringfence --help               everything else"

pictures: setup browser  ## take the pictures of the README anew (needs a Chromium, see browser)
	@PYTHONPATH=. $(BIN)/python docs/_pictures/take.py

man: setup  ## write the manual page of every command into docs/man
	@PYTHONPATH=. $(BIN)/python docs/_man/pages.py

# What benchmarks alone need (igraph, which is GPL, to compare with) stays out of .venv.
bench: setup neo4j browser  ## run every benchmark; results go to benchmarks/results
	@$(use_pip_settings) $(UV) pip install --quiet --python $(BIN)/python --target .bench 'matplotlib>=3.10,<4' 'igraph>=1.0' 'scikit-network>=0.33'
	@set -e; for script in $$(grep -l __main__ benchmarks/*.py); do echo "== $$script"; PYTHONPATH=.bench $(BIN)/python "$$script"; done

# A warning is an error: a link or an anchor that leads nowhere, a page outside of the navigation.
docs: $(READY) $(DOCS_READY)  ## build the documentation into site, to be read without a network
	@PYTHONPATH=.docs/packages $(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet \
	  -c docs/_site -d .docs/doctrees . $(SITE)
	@echo "site/index.html"

# Without what it depends on, so that nothing of .venv is hidden by another version of itself.
mutants: setup  ## break the modules that accuse and see that tests notice (MODULE=detection/... for one)
	@$(use_pip_settings) $(UV) pip install --quiet --no-deps --python $(BIN)/python --target .mutants 'mutmut>=3.8,<3.9' 'libcst>=1.9' 'pyyaml>=6'
	@$(ONE_THREAD) PYTHONPATH=.:tests $(BIN)/python tests/mutants/run.py --mutmut .mutants $(MODULE)

lock: $(UV)  ## bring the two locks in line with pyproject.toml, changing as little as possible
	@$(compile)
	@$(compile_docs)

upgrade: $(UV)  ## move every pin in the two locks to the newest release allowed
	@$(compile) --upgrade
	@$(compile_docs) --upgrade

clean:  ## remove caches, builds and the demo
	@rm -rf $(DEMO) $(SITE) .bench .docs docs/api build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean  ## remove .venv and .neo4j too
	@rm -rf $(VENV) .neo4j

compile = $(resolve) pyproject.toml --group dev --output-file requirements.lock

# What documents a module imports it, so both locks must agree on what both name.
compile_docs = $(resolve) --group docs --constraints requirements.lock --output-file requirements-docs.lock

resolve = $(use_pip_settings) $(UV) pip compile --quiet \
	--universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

# uv reads neither PIP_* nor pip.conf.  Whoever told pip where packages and certificates are has told uv as well.
pip_setting = $${PIP_$(1):-$$($(BIN)/python -m pip config get global.$(2) 2>/dev/null || true)}
define use_pip_settings
hand_over() { if [ -z "$${!1:-}" ] && [ -n "$$2" ]; then export "$$1=$$2"; fi; }; \
hand_over UV_DEFAULT_INDEX "$(call pip_setting,INDEX_URL,index-url)"; \
hand_over UV_INDEX "$(call pip_setting,EXTRA_INDEX_URL,extra-index-url)"; \
hand_over UV_INSECURE_HOST "$(call pip_setting,TRUSTED_HOST,trusted-host)"; \
hand_over SSL_CERT_FILE "$(call pip_setting,CERT,cert)"; \
offline=(); if [ -n "$${PIP_NO_INDEX:-}" ]; then \
  offline=(--no-index); for place in $${PIP_FIND_LINKS:-}; do offline+=(--find-links "$$place"); done; fi;
endef

# pip puts uv in, at the version and with the hashes that the lock names; without ensurepip (Debian keeps it in a
# package of its own) the machine's pip does it from outside.
$(UV): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Ringfence needs Python 3.11 or newer, and $(PYTHON) is '$$($(PYTHON) --version 2>&1)'." >&2; \
	  echo "Name a newer one: make $(or $(firstword $(MAKECMDGOALS)),setup) PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -c pass 2>/dev/null || { echo "making $(VENV) (the first time takes some minutes)"; \
	  $(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(VENV); }
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv-pin.txt
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; then pip="$(BIN)/python -m pip"; \
	  else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
	$$pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $(VENV)/uv-pin.txt
	@touch $(UV)

$(READY): $(UV) pyproject.toml requirements.lock
	@$(use_pip_settings) $(UV) pip sync "$${offline[@]}" --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --offline --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

$(DOCS_READY): $(UV) requirements-docs.lock
	@$(use_pip_settings) $(UV) pip sync "$${offline[@]}" --quiet --python $(BIN)/python --target .docs/packages \
	  --require-hashes requirements-docs.lock
	@touch $(DOCS_READY)
