# Every target works on a fresh clone with Python 3.11 and make alone: one rule builds .venv from the lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest

.PHONY: demo test test-slow check bench golden lock clean
.DEFAULT_GOAL := demo

$(STAMP): pyproject.toml .ci/requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "perfproof needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/perfproof run --profile sustained --target demo --time-scale 0.1

# Two halves, each with two parts beside each other. Tests of canaries mostly wait, for scrapes and
# rollouts: beside them runs what is not sensitive to them. What generates load and judges it is
# sensitive to a busy machine: beside it runs what only computes, and takes what is left over.
WAITING := tests/canary
LIVELY := tests/browser tests/loadtests
LOADING := tests/cli tests/runs
APART := tests/support tests/data tests/golden tests/engine tests/__pycache__
COMPUTING := $(filter-out $(WAITING) $(LIVELY) $(LOADING) $(APART),$(patsubst %/,%,$(wildcard tests/*/)))
COVER := $(BIN)/coverage run -m pytest -q
BESIDE = log=$$(mktemp); trap 'rm -f "$$log"' EXIT; code=0; $(1) >"$$log" 2>&1 & beside=$$!; \
	{ $(2); } || code=$$?; wait $$beside || code=$$?; cat "$$log"; exit $$code

test: $(STAMP)
	rm -f .coverage.*
	$(call BESIDE,$(COVER) $(WAITING),$(COVER) $(LIVELY) && $(BIN)/coverage run tests/engine/run.py -q tests/engine)
	$(call BESIDE,nice -n 19 $(COVER) --doctest-modules $(COMPUTING) analysis/perf_analysis,$(COVER) $(LOADING))
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-slow: $(STAMP)
	$(PYTEST) -q -m slow

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -q tests/architecture
	.ci/lint-workflows $(BIN)

bench: $(STAMP)
	$(PYTEST) -q benchmarks -o python_files='bench_*.py' -o python_functions='bench_*' --benchmark-only

golden: $(STAMP)
	$(PYTEST) -q --update-golden tests/reports tests/cli tests/delivery

lock:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --generate-hashes --no-header --output-file .ci/requirements.txt

clean:
	rm -rf $(VENV) .perf dist .coverage .coverage.*
