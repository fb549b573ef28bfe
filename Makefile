# `make` starts the server, `make test` runs the tests. Each needs nothing but Python 3.11 or newer; what they
# install goes into .venv, once.

PORT ?= 8000
DEMO ?= 1
HOST ?=
TESTS ?=
SIZE ?= 1000000
JSON ?=
FAULTS ?=
SCALE ?= 4

VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Each of these files says that a step is done. Make compares their age with that of the files they depend on,
# so a second run installs nothing and needs no network.
MADE := $(VENV)/.made
INSTALLED := $(VENV)/.installed
INSTALLED_TESTS := $(VENV)/.installed-tests

.PHONY: serve
serve: $(INSTALLED)  ## Start the server on PORT (8000) and HOST, with demonstration records unless DEMO=0
	@exec $(BIN)/onrecord serve $(if $(HOST),--host $(HOST)) --port $(PORT) $(if $(filter 0,$(DEMO)),,--demo)

.PHONY: test
test: $(INSTALLED_TESTS)  ## Run the tests, or those that TESTS names
	@$(PYTEST) -m 'not thorough' $(TESTS)

.PHONY: quick
quick: $(INSTALLED_TESTS)  ## Run those tests that need neither PostgreSQL nor a process of their own, in a minute or so
	@ONRECORD_TEST_DATABASES=sqlite $(PYTEST) -m 'not thorough and not processes and not long' $(TESTS)

.PHONY: test-thorough
test-thorough: $(INSTALLED_TESTS)  ## Run what `make test` leaves out: asks everything, breaks things, draws SCALE (4) times as much
	@ONRECORD_TEST_SCALE=$(SCALE) $(PYTEST) -m 'thorough or drawn' $(TESTS)

.PHONY: test-all
test-all: test test-thorough  ## Run everything

.PHONY: bench
bench: $(INSTALLED)  ## Measure the speed on SIZE (1000000) invented statements, which are made once; JSON=1 for JSON
	@$(BIN)/python -m benchmarks --size $(SIZE) $(if $(filter 1,$(JSON)),--json)

.PHONY: faults
faults: $(INSTALLED_TESTS)  ## As root: kill, fill and cut off running servers, and count what is lost; JSON=1 for JSON
	@$(BIN)/python -m tests.faults $(if $(filter 1,$(JSON)),--json) $(FAULTS)

.PHONY: heaviest
heaviest: $(INSTALLED_TESTS)  ## Send the heaviest request of every route, eight at once; JSON=1 for JSON, WORDS picks routes
	@$(BIN)/python -m tests.faults.heaviest $(if $(filter 1,$(JSON)),--json) $(WORDS)

.PHONY: map
map: $(INSTALLED_TESTS)  ## Print what every module is for; WORDS picks those whose name or line holds one of them
	@$(BIN)/python -m tests.docs.modules $(WORDS)

.PHONY: lint
lint: $(INSTALLED_TESTS)  ## Check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict onrecord api schemas
	@PYTHONPATH=. $(BIN)/lint-imports

.PHONY: format
format: $(INSTALLED_TESTS)  ## Put the source into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: lock
lock: $(MADE)  ## Choose the versions of everything anew, within the ranges of setup.cfg
	@$(PIP) install 'uv>=0.6'
	@$(LOCK) --upgrade --extra build --output-file requirements.lock setup.cfg
	@$(LOCK) --upgrade --extra build --extra test --constraints requirements.lock \
		--output-file requirements-test.lock setup.cfg

# One file fits every system and Python. Only names and versions go into it: where packages come from
# is the business of each machine's own settings.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header

.PHONY: clean
clean:  ## Remove all that was made, except the records in data/
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' Makefile | expand -t 10

# --- the virtual environment ---

$(INSTALLED_TESTS): $(INSTALLED) requirements-test.lock
	@echo 'Installing the tools of the tests (half a minute, once) ...'
	@$(PIP) install --no-deps --requirement requirements-test.lock
	@touch $@

$(INSTALLED): $(MADE) requirements.lock setup.cfg setup.py pyproject.toml
	@echo 'Installing what On Record needs (half a minute, once) ...'
	@$(PIP) install --no-deps --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# A virtual environment holds absolute paths. One that came along with a copied folder, or whose Python has been
# removed since, is made again.
ifneq ($(shell test -x $(BIN)/python && cat $(MADE) 2>/dev/null),$(CURDIR))
.PHONY: $(MADE)
endif

# Debian and Ubuntu keep half of Python's own venv in a package by itself. A Python that has all of it is preferred
# to one that lacks it; names are tried by running them, since a version manager leaves names behind that do not run.
$(MADE):
	@python=''; partial=''; \
	for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		if $$candidate -c 'import ensurepip, venv' 2>/dev/null; then python=$$candidate; break; fi; \
		partial=$${partial:-$$candidate}; \
	done; \
	if [ -z "$$python$$partial" ]; then \
		echo 'On Record needs Python 3.11 or newer, and found none on PATH.' >&2; \
		echo 'Install one, or name it: make PYTHON=/path/to/python3' >&2; \
		exit 1; \
	fi; \
	if [ -z "$$python" ]; then \
		package=$$($$partial -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing $$package, which this Python lacks ..."; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
				apt-get install -qq -y --no-install-recommends $$package </dev/null >/dev/null || exit 1; \
			python=$$partial; \
		else \
			echo "$$partial cannot make virtual environments here. On Debian and Ubuntu, run this and try again:" >&2; \
			echo "    sudo apt-get update && sudo apt-get install -y $$package" >&2; \
			exit 1; \
		fi; \
	fi; \
	echo "Making the virtual environment $(VENV) with $$($$python --version) ..."; \
	$$python -m venv --clear $(VENV)
	@echo '$(CURDIR)' >$@
