# The two commands of the README, and those that developers add. Each does the set-up it needs.
#   make demo    the whole loop through a real Digital Slide Archive on this machine
#   make test    the default test suite
#   make check   lint, types and tests, as CI runs them
# Options go into ARGS, say `make demo ARGS=--headless` or `make test ARGS="-m slow"`. Tests run on all cores, at most
# four; `-n 0` in ARGS runs them one after the other, as `pytest` itself does.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
ARGS ?=

# The newest interpreter of the supported range that this machine has; name another with PYTHON=….
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo "$$p" && break; done)

.PHONY: help demo test check lint types setup web-client clean

help:
	@sed -n 's/^#   //p' Makefile

demo: setup web-client
	@$(BIN)/patherea demo $(ARGS)

test: setup web-client
	@$(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist loadfile $(ARGS)

check: lint types test

lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: setup
	@$(BIN)/mypy

setup: $(INSTALLED)

# The viewer of the sandbox, built once (some three minutes); without it the sandbox still serves its API.
web-client: setup
	@$(BIN)/python -m plugin.sandbox.web_client --optional

$(INSTALLED): setup.py pyproject.toml docker/constraints.txt
	@test -n "$(PYTHON)" || { echo "Patherea needs Python 3.11, 3.12 or 3.13 on the PATH; install one, or say make PYTHON=/path/to/python"; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) (some 6 GB, a few minutes)"
	@$(PYTHON) -m venv $(VENV) || { echo "The virtual environment cannot be made; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c docker/constraints.txt -e '.[sandbox,dev]'
	@touch $@

clean:
	rm -rf $(VENV) artifacts .pytest_cache .mypy_cache .ruff_cache *.egg-info
