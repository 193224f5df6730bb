# Two commands on a fresh machine: `make demo` and `make test`. All that is needed is make and a
# Python >= 3.11 with venv; another interpreter is chosen by `make PYTHON=python3.13 test`.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
VERIFY := .venv-verify
COMPAT := .venv-compat

# Names the interpreter in every stamp, so that an environment made with another one is rebuilt.
# Empty where it does not run or is too old; `require` has the words for that.
TAG := $(shell $(PYTHON) -c 'import sys, zlib; sys.version_info >= (3, 11) and print("%d.%d.%d-%08x" % (*sys.version_info[:3], zlib.crc32(sys.base_prefix.encode())))' 2>/dev/null)

# $(call require): one sentence instead of a traceback. Debian splits ensurepip from Python.
define require
@$(PYTHON) -c '' 2>/dev/null || { echo 'trioharness: $(PYTHON) does not run; install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv), or name another interpreter: make PYTHON=python3.13 ...' >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'trioharness: $(PYTHON) is older than Python 3.11; install a newer one and name it: make PYTHON=python3.13 ...' >&2; exit 1; }
@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'trioharness: $(PYTHON) cannot make virtual environments; install the package python3-venv (Debian, Ubuntu: apt install python3-venv), or name another interpreter: make PYTHON=python3.13 ...' >&2; exit 1; }
endef

# $(call venv,DIR): a fresh environment. pip first: dependency groups need pip >= 25.1.
define venv
$(require)
@echo 'setting up $(1) with $(PYTHON) ...'
@rm -rf $(1)
@$(PYTHON) -m venv $(1)
@$(PIP) install --upgrade 'pip >= 25.1'
endef

PIP = $(@D)/bin/python -m pip --quiet --disable-pip-version-check

.PHONY: demo test coverage check lint types verifytypes layers bench bench-gate evidence typecheck-compat format clean
.DELETE_ON_ERROR:
# Two installs at once into one environment would spoil it.
.NOTPARALLEL:

demo: $(VENV)/.core-$(TAG)
	$(BIN)/trioharness run examples.codeindex:app

test: $(VENV)/.test-$(TAG)
	$(BIN)/python -m pytest --numprocesses auto $(ARGS)

# The same, and which branches it went; apart, since that takes twice as long.
coverage: $(VENV)/.test-$(TAG)
	@$(BIN)/coverage erase
	@status=0; $(BIN)/coverage run -m pytest --numprocesses auto $(ARGS) || status=$$?; \
	$(BIN)/coverage combine --quiet && $(BIN)/coverage report; exit $$status

check: lint types verifytypes layers

# flake8 is for one plugin, which takes minutes for the tests, where most of its rules are off anyway.
lint: $(VENV)/.check-$(TAG)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/flake8 trioharness bench examples

types: $(VENV)/.check-$(TAG)
	$(BIN)/mypy
	$(BIN)/pyright --project pyproject.toml --pythonpath $(BIN)/python

# What users' checkers see. pyright takes the package from the python that is first in PATH, wants it
# installed (not editable), and must not find the source tree: hence the folder of its own.
verifytypes: $(VENV)/.check-$(TAG) $(VERIFY)/.installed-$(TAG)
	cd $(VERIFY) && PATH="$$PWD/bin:$$PATH" ../$(BIN)/pyright --verifytypes trioharness --ignoreexternal

layers: $(VENV)/.test-$(TAG)
	$(BIN)/python -m pytest -q tests/test_layers.py

bench: $(VENV)/.bench-$(TAG)
	$(BIN)/python -m bench $(ARGS)

# The floors that hold on a busy machine too, in counted instructions; needs valgrind.
bench-gate: $(VENV)/.bench-$(TAG)
	$(BIN)/python -m bench --gate $(ARGS)

# One folder that shows all of it to whoever does not take our word: what every command printed.
evidence: $(VENV)/.test-$(TAG) $(VENV)/.bench-$(TAG)
	$(BIN)/python -m tests.evidence evidence

# Proves that our public types still catch errors next to trio-typing, whose stubs blind the checkers
# to trio's. mypy runs in another folder, so that it takes the installed package, as users' do.
typecheck-compat: $(COMPAT)/.installed-$(TAG)
	$(COMPAT)/bin/python -c 'import trio_typing'
	cd tests/typing && ../../$(COMPAT)/bin/mypy --config-file= --cache-dir=../../$(COMPAT)/mypy-cache --strict compat_*.py
	$(COMPAT)/bin/pyright --pythonpath $(COMPAT)/bin/python tests/typing/compat_*.py

format: $(VENV)/.check-$(TAG)
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(VERIFY) $(COMPAT) dist evidence .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is what one target needs, so that the demo does not wait for the checkers.

$(VENV)/.made-$(TAG):
	$(call venv,$(@D))
	@touch $@

$(VENV)/.core-$(TAG): pyproject.toml $(VENV)/.made-$(TAG)
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.test-$(TAG) $(VENV)/.check-$(TAG): $(VENV)/.%-$(TAG): $(VENV)/.core-$(TAG)
	@echo 'installing what `make $*` needs ...'
	@$(PIP) install --group $*
	@touch $@

# triotp pins a trio of years ago and runs on this one: what else it needs is in the group.
$(VENV)/.bench-$(TAG): $(VENV)/.core-$(TAG)
	@echo 'installing what `make bench` needs ...'
	@$(PIP) install --group bench
	@$(PIP) install --no-deps 'triotp == 0.2.1'
	@touch $@

SOURCES := $(shell find trioharness -name '*.py' -o -name py.typed 2>/dev/null)

$(VERIFY)/.made-$(TAG):
	$(call venv,$(@D))
	@touch $@

$(VERIFY)/.installed-$(TAG): pyproject.toml $(SOURCES) $(VERIFY)/.made-$(TAG)
	@$(PIP) install --force-reinstall --no-deps .
	@$(PIP) install .
	@touch $@

$(COMPAT)/.made-$(TAG):
	$(call venv,$(@D))
	@touch $@

$(COMPAT)/.installed-$(TAG): pyproject.toml $(SOURCES) $(COMPAT)/.made-$(TAG)
	@$(PIP) install --force-reinstall --no-deps .
	@$(PIP) install . --group typing-compat
	@touch $@
