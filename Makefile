# Two commands do everything on a fresh machine: `make run` and `make test`.

VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.ready

.PHONY: run test check setup clean

run: $(STAMP) ## the window on the sample project; OFFSCREEN=1 renders it to segstudio-sample.png
ifdef OFFSCREEN
	@$(PYTHON) -m segstudio demo --offscreen segstudio-sample.png
else
	@$(PYTHON) -m segstudio demo
endif

test: check ## all checks and all tests
	$(PYTHON) -m pytest

check: $(STAMP) ## the checks alone, fastest first
	$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check --quiet .
	$(VENV)/bin/lint-imports
	$(PYTHON) -m mypy

setup: $(STAMP)

$(STAMP): pyproject.toml scripts/system-libraries.sh
	@sh scripts/system-libraries.sh
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $(STAMP)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache
