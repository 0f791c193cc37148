# Everything a developer or an operator of one machine does. `make` alone lists the targets.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help up test check pictures integration profilecli chaos chaos-hosts bench bench-ui soak replay fuzz browser clean distclean
.DELETE_ON_ERROR:

help:  ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(VENV)/runtime.stamp  ## Start everything on this machine, e.g. make up ARGS="--port 4041"
	@exec $(BIN)/python manage.py up $(ARGS)

test: $(VENV)/dev.stamp  ## Run all tests but the browser's, the fuzzers and the benchmarks
	$(BIN)/python -m pytest -m "not browser and not bench" $(ARGS)

check: $(VENV)/dev.stamp  ## Run the quick checks: format, lint, types, settings, migrations, unit tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m pytest -q tests/unit tests/test_architecture.py

integration: $(VENV)/dev.stamp  ## Run the tests that start real servers and workers
	$(BIN)/python -m pytest -m integration $(ARGS)

chaos: $(VENV)/dev.stamp  ## Harm a cluster under load in every way for longer than the tests do, and count
	PHLARE_CHAOS_ROUNDS=20 PHLARE_CHAOS_LONG=1 $(BIN)/python -m pytest -s tests/integration/chaos \
		tests/integration/cluster/test_kill_nine_loses_and_doubles_nothing_acknowledged.py $(ARGS)

chaos-hosts: $(VENV)/dev.stamp  ## Cut, delay and unplug hosts for minutes; needs root, ip, PostgreSQL and libfaketime
	PHLARE_CHAOS_HOSTS=long $(BIN)/python -m pytest -s tests/integration/hosts $(ARGS)

browser: $(VENV)/dev.stamp  ## Run the tests that drive a real browser
	$(BIN)/python -m pytest -m browser $(ARGS)

pictures: $(VENV)/dev.stamp  ## Take pictures of all pages into build/pictures, the README's into docs/images
	$(BIN)/python -m pytest tests/browser/test_every_page_looks_right_for_everybody.py tests/browser/test_pictures_of_the_readme.py $(ARGS)
	for name in explore ring diff; do cp build/pictures/readme-$$name.png docs/images/$$name.png; done

profilecli: $(VENV)/dev.stamp  ## Run profilecli against a real server: make profilecli PROFILECLI=/path/of/the/program
	@test -x "$(PROFILECLI)" || { echo "make: PROFILECLI=$(PROFILECLI) is no program" >&2; exit 1; }
	PHLARE_PROFILECLI=$(abspath $(PROFILECLI)) $(BIN)/python -m pytest tests/integration/clients/test_profilecli.py $(ARGS)

bench: $(VENV)/dev.stamp  ## Measure speed; prints one JSON line a figure
	@$(BIN)/python -m tests.bench $(ARGS)

bench-ui: $(VENV)/dev.stamp  ## Measure how fast flame graphs are in the system's Chromium, drawn without a GPU
	@$(BIN)/python -m tests.bench ui $(ARGS)

soak: $(VENV)/dev.stamp  ## Watch memory under load, e.g. make soak ARGS="--minutes 10" or ARGS="--profiles 100000"
	$(BIN)/python -m tests.soak.soak $(ARGS)

replay: $(VENV)/dev.stamp  ## Replay a log of 1 GiB and compare its memory with what came before, or ARGS="--bytes 4GiB"
	$(BIN)/python -m tests.soak.replay $(ARGS)

fuzz: $(VENV)/dev.stamp  ## Feed damaged and random input for longer than the tests do
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest tests/fuzz
	$(BIN)/python -m tests.fuzz.long_run $(ARGS)

clean:  ## Remove caches and what the tools made; keeps data/ and the virtual environment
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build staticfiles
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean  ## Also remove the virtual environment
	rm -rf $(VENV)

# The stamps hold a copy of the pins they were made from: only pins that differ are installed again, a fresh checkout's
# new dates do not matter. Compiling all of it is a third of the installation's work, and most is never imported: what is,
# Python compiles then. Tests do not want that, because a warning is an error there, also one of others' code while it is
# compiled; some libraries hold templates that are no Python, so what compileall returns says nothing.
$(VENV)/runtime.stamp: requirements.txt | $(VENV)/bin/phlare
	@cmp -s requirements.txt $@ || $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements.txt
	@cp requirements.txt $@

# The command, as a link to this folder: what is changed here is what runs.
$(VENV)/bin/phlare: | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/runtime.stamp
	@cat requirements.txt requirements-dev.txt | cmp -s - $@ || \
		$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/python -W ignore -m compileall -qq -j 0 $(VENV)/lib || true
	@cat requirements.txt requirements-dev.txt > $@

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; install Python 3.11 or later" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: $$($(PYTHON) --version) is too old; phlareweb needs Python 3.11 or later (make PYTHON=python3.12 ...)" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: $(PYTHON) has no venv module; install python3-venv" >&2; exit 1; }
	@echo "creating $(VENV)" && $(PYTHON) -m venv $(VENV)
