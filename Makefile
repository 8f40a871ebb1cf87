# Every target works on a fresh clone with Python 3.11 and make alone: one rule builds .venv from the lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest

.PHONY: demo demo-pr demo-canary demo-trend false-greens test test-slow check security known-secrets dist sbom bench bench-load \
	golden lock clean
.DEFAULT_GOAL := demo

$(STAMP): pyproject.toml .ci/requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "perfproof needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/perfproof run --profile sustained --target demo --time-scale 0.1

# Two pull requests of a small service, and their comments; the trend of twenty short runs: each a minute.
demo-pr: $(STAMP)
	$(BIN)/python benchmarks/demo_pr.py

demo-trend: $(STAMP)
	$(BIN)/python benchmarks/demo_trend.py

# A live rollout of a good version, and of one that fails a tenth of its requests. Wants nginx and Prometheus.
demo-canary: $(STAMP)
	$(BIN)/python deploy/github/simulation/demo.py

# Three parts beside each other. What generates load and judges it is sensitive to a busy machine: the rest gives
# way to it until that has ended. What mostly waits, for scrapes, rollouts and pages, has one core, since its
# browsers and servers have priorities of their own; what computes takes the time that is left. Coverage looks for
# greenlets only where tests run among them: it takes twice the time, and where many threads end it may never end
# itself.
LOADING := tests/runs $(patsubst %,tests/cli/test_%.py,baselines check_running control doctor faults_of_targets history_database init \
	serve signals stored streams termination verdicts worker)
RECKONING := $(wildcard $(patsubst %,tests/cli/test_%*.py,changes compare trend))
WAITING := tests/canary tests/browser tests/loadtests $(filter-out $(LOADING) $(RECKONING),$(wildcard tests/cli/test_*.py))
APART := tests/canary tests/browser tests/loadtests tests/cli tests/runs tests/support tests/data tests/golden \
	tests/engine tests/__pycache__
COMPUTING := $(filter-out $(APART),$(patsubst %/,%,$(wildcard tests/*/))) $(RECKONING)
COVER := $(BIN)/coverage run
PLAIN := $(COVER) --concurrency=thread -m pytest -q

test: $(STAMP)
	rm -f .coverage.*
	logs=$$(mktemp -d); trap 'rm -rf "$$logs"' EXIT; code=0; \
	.ci/behind $(PLAIN) $(WAITING) >"$$logs/waiting" 2>&1 & waiting=$$!; \
	.ci/behind --anywhere $(PLAIN) --doctest-modules $(COMPUTING) analysis/perf_analysis >"$$logs/computing" 2>&1 & computing=$$!; \
	$(PLAIN) $(LOADING) || code=$$?; \
	$(COVER) tests/engine/run.py -q tests/engine || code=$$?; \
	kill -USR1 $$waiting $$computing 2>/dev/null || true; \
	wait $$waiting || code=$$?; cat "$$logs/waiting"; \
	wait $$computing || code=$$?; cat "$$logs/computing"; exit $$code
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	$(BIN)/coverage json --quiet -o .branches.json
	$(BIN)/python .ci/floors.py .branches.json

# Long tests; and properties once more, by examples that nobody has seen yet.
test-slow: $(STAMP)
	$(PYTEST) -q -m slow
	$(PYTEST) -q -m "hypothesis and not slow and not engine"

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -q tests/architecture
	.ci/lint-workflows $(BIN)

# The same findings as a file for code scanning; `check` is what fails on them.
workflows.sarif: $(STAMP)
	$(BIN)/zizmor --offline --pedantic --quiet --no-progress --format sarif .github action.yml >$@

# Known vulnerabilities, licences, secrets: all three, whatever the first says. FINDINGS holds what they found.
# The scanners have an environment of their own: what they need is not what is looked at.
SCANNERS := $(VENV)/security
FINDINGS := build/findings
$(SCANNERS)/.installed: $(STAMP) .ci/security.txt
	$(PYTHON) -m venv $(SCANNERS)
	$(SCANNERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/security.txt
	touch $@

security: $(SCANNERS)/.installed
	code=0; \
	$(BIN)/python .ci/licences.py --out $(FINDINGS) || code=$$?; \
	$(BIN)/python .ci/leaks.py --command $(SCANNERS)/bin/detect-secrets-hook --out $(FINDINGS) || code=$$?; \
	$(BIN)/python .ci/advisories.py --command $(SCANNERS)/bin/pip-audit --out $(FINDINGS) || code=$$?; \
	exit $$code

known-secrets: $(SCANNERS)/.installed
	$(SCANNERS)/bin/detect-secrets scan --exclude-files '^\.ci/' --disable-plugin HexHighEntropyString >.ci/known-secrets.json

dist: $(STAMP)
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist

bench: $(STAMP)
	$(PYTEST) -q benchmarks -o python_files='bench_*.py' -o python_functions='bench_*' --benchmark-only

# Faults beside plain Locust and beside perfproof; writes docs/false-greens.md. Wants cc, openssl, unshare.
false-greens: $(STAMP)
	$(BIN)/python benchmarks/false_greens_table.py

# Each some four minutes, on two cores that should do nothing else; wants nginx, wrk and hey.
bench-load: $(STAMP)
	code=0; for name in closed_ceiling open_ceiling schedule_lag server_clock; do \
		$(BIN)/python benchmarks/$$name.py || code=$$?; done; exit $$code

golden: $(STAMP)
	$(PYTEST) -q --update-golden tests/reports tests/cli tests/delivery

# Three locks that agree: all of it; what the container image runs; what builds the wheel there.
COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header
lock:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) pyproject.toml --all-extras --group dev --output-file .ci/requirements.txt
	$(COMPILE) pyproject.toml --extra postgres --constraint .ci/requirements.txt --output-file .ci/runtime.txt
	$(COMPILE) --group build --constraint .ci/requirements.txt --output-file .ci/build.txt
	$(COMPILE) --group security --output-file .ci/security.txt

# What the container image holds, as a bill of materials; the same bytes for the same lock.
sbom: $(STAMP)
	mkdir -p dist
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-format JSON --output-file dist/sbom.json .ci/runtime.txt

clean:
	rm -rf $(VENV) .perf build dist .coverage .coverage.* .branches.json workflows.sarif
