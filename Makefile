# Two commands do everything on a fresh machine: `make run` and `make test`. PYTHON=python3.13 says which interpreter.

VENV := .venv
PYTHON ?= $(or $(wildcard $(VENV)/bin/python),python3)

# Where pyenv knows an interpreter that no version file names, its shim only says so: take the newest that it has.
INTERPRETER := $(shell $(PYTHON) -c 'import sys; print(sys._base_executable)' 2>/dev/null \
	|| ls $$HOME/.pyenv/versions/*/bin/$(PYTHON) 2>/dev/null | tail -n 1)
VERSION := $(if $(INTERPRETER),$(shell $(INTERPRETER) -c 'import platform; print(platform.python_version())'))
OURS := $(VENV)/bin/python
STAMP := $(VENV)/.ready-$(VERSION)

.PHONY: run test check setup clean

run: $(STAMP) ## the window on the sample project; OFFSCREEN=1 renders it to segstudio-sample.png
ifdef OFFSCREEN
	@$(OURS) -m segstudio demo --offscreen segstudio-sample.png
else
	@$(OURS) -m segstudio demo
endif

test: check ## all checks and all tests, on every core
	$(OURS) -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal

check: $(STAMP) ## the checks alone, fastest first
	$(OURS) -m ruff check . && $(OURS) -m ruff format --check --quiet .
	$(VENV)/bin/lint-imports
	$(OURS) -m mypy

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt scripts/system-libraries.sh
	@[ -n "$(VERSION)" ] || { echo "There is no $(PYTHON) on this machine."; exit 1; }
	@sh scripts/system-libraries.sh
	$(INTERPRETER) -m venv $(if $(filter $(VERSION),$(shell $(OURS) -V 2>/dev/null)),,--clear) $(VENV)
	$(OURS) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test]"
	@touch $(STAMP)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache
