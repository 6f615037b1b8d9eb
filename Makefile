# What a person runs. `make demo` and `make test` need nothing but Python 3.11 or newer, make and git.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RECIPIENTS ?= 1000
# What was compiled is kept even where the environment says otherwise: all commands that tests start need it.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo quick pythons python314 test check coverage bench torture screenshots goldens caniemail pins figures clean

help:
	@echo "make demo     the whole main job on this machine: sandbox inbox, sample list, sent, proved"
	@echo "make quick    the tests of level unit, in less than a minute: no process, socket or browser"
	@echo "make pythons  the same by each further Python that is installed here"
	@echo "make python314 what of it can be tried by CPython 3.14 as WebAssembly; needs npm"
	@echo "make test     every test, with a real SMTP server and a real browser where they can be had"
	@echo "make check    lint, format, types, layers"
	@echo "make coverage the tests again, and what of the program they leave out: 90 % or more have to run"
	@echo "make bench    how fast it sends, beside others; BENCH=--quick for a first look"
	@echo "make torture  kill it at random, against a server that misbehaves; TORTURE=--rounds=10 for more, --postgresql there"
	@echo "make clean    remove what the others made"

demo: $(VENV)/.installed
	@$(BIN)/mailer demo --recipients $(RECIPIENTS) $(DEMO)

# While editing. The same examples each time; the levels of tests are told apart in tests/levels.py.
quick: $(VENV)/.tools
	@$(BIN)/python -m pytest -q --numprocesses auto --dist worksteal -m unit --hypothesis-profile quick $(PYTEST)

# By each of 3.12, 3.13 and 3.14 that is installed; PYTHONS=newest: by one.
pythons:
	@.ci/pythons.sh $(PYTHONS)

# What needs no package that is compiled for a processor. Needs npm.
python314: $(VENV)/.tools
	@.ci/python314.sh $(VENV) $(PYTEST)

test: $(VENV)/.tools
	@$(BIN)/python .ci/system_packages.py
	@echo "== running the tests, on every processor"
	@$(BIN)/python -m pytest -q --numprocesses auto --dist loadfile --no-loadscope-reorder $(PYTEST)

check: $(VENV)/.tools
	@echo "== ruff: lint"; $(BIN)/ruff check .
	@echo "== ruff: format"; $(BIN)/ruff format --check .
	@echo "== mypy: types"; $(BIN)/mypy
	@echo "== mypy: types of the tests"; $(BIN)/mypy --config-file tests/mypy.ini
	@echo "== import-linter: layers"; $(BIN)/lint-imports

coverage: $(VENV)/.tools
	@$(BIN)/python .ci/system_packages.py
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q --numprocesses auto --dist loadfile --no-loadscope-reorder $(PYTEST)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

bench: $(VENV)/.tools
	@$(BIN)/python -m benchmarks $(BENCH)

torture: $(VENV)/.tools
	@cd tests && $(CURDIR)/$(BIN)/python -m torture $(TORTURE)

screenshots: $(VENV)/.tools
	@$(BIN)/python docs/screenshots.py
	@$(BIN)/python docs/preview_pictures.py
	@$(BIN)/python docs/page_pictures.py

# What the layouts look like now becomes what they are to look like; look at the pictures before they are kept.
goldens: $(VENV)/.tools
	@$(BIN)/python .ci/system_packages.py
	@GOLDENS=write $(BIN)/python -m pytest -q tests/templates/test_goldens.py
# What mail programs support, for `mailer check`: asked anew of the npm package. Needs npm.
caniemail:
	@$(PYTHON) .ci/caniemail.py

# How large rooms, files and functions are, for docs/architecture.md.
figures: $(VENV)/.tools
	@$(BIN)/python docs/figures.py

# The versions in use become the ones everybody gets.
pins: $(VENV)/.tools
	@{ echo "# The versions that mailer is tested with: pip install -c constraints.txt. Written by: make pins"; \
	  { $(BIN)/python -m pip freeze --exclude-editable; echo "hatchling==$$(sed -n 's/.*hatchling==\([0-9.]*\).*/\1/p' pyproject.toml)"; } | sort -f; \
	} > constraints.txt

$(VENV)/bin/python:
	@echo "== making $(VENV) with $$($(PYTHON) --version)"
	@sh .ci/python_venv.sh $(PYTHON)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "== installing mailer and what it needs"
	@PIP_CONSTRAINT=constraints.txt $(PIP) install --editable .
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	@echo "== installing what the tests need"
	@PIP_CONSTRAINT=constraints.txt $(PIP) install --editable '.[dev]'
	@touch $@

clean:
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .pythons .coverage* dist build
