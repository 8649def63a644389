# The commands of this project. `make` lists them; each one first makes what it needs.
#
# The environment is .venv, installed from lock files with exact versions and, for everything but torch,
# hashes. A stamp in .venv carries a checksum of what was installed: the next call does nothing, a changed
# lock installs again, and an interrupted installation leaves no stamp and is taken up again.

PYTHON ?= python3
FOLDER ?= seeds
ARGS ?=

VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
CONSISTENT := found=$$($(PIP) check) || { printf '%s\n' "$$found" >&2; exit 1; }
checksum = $(shell { pwd; cat $(1); } 2>/dev/null | cksum | cut -d ' ' -f 1)
RUN_LOCKS := requirements-torch.lock requirements.lock
CREATED := $(VENV)/.created
RUN := $(VENV)/.run-$(call checksum,$(RUN_LOCKS))
DEV := $(VENV)/.dev-$(call checksum,$(RUN_LOCKS) requirements-dev.lock)
SELF := $(VENV)/.self-$(call checksum,$(RUN_LOCKS) pyproject.toml)

# What the user typed reaches the shell through the environment and as it was typed: quotes, apostrophes
# and dollar signs mean nothing to make ($(value ...) does not expand) nor to the shell ("$$QUESTION").
unexport Q FOLDER
ask: export QUESTION = $(value Q)
ask index serve: export ARTICLES = $(value FOLDER)

.DEFAULT_GOAL := help
.PHONY: help ask question index serve test check format lock clean distclean reliability reader screenshot bench bench-all
.NOTPARALLEL:  # pip runs once at a time, and checks print in order

help: ## List these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  FOLDER=path  other articles than seeds/, for ask, index and serve'
	@echo '  ARGS=...     more arguments for qa ask or pytest:  make test ARGS="-k citation"'
	@echo '  PYTHON=...   the Python to build .venv with, 3.11 or newer (python3)'

# `qa ask` exits 1 when the articles hold no answer. That is an answer too, and make would call it an
# error, so here it counts as success; scripts that need the code call .venv/bin/qa ask themselves.
ask: question $(SELF) ## Answer a question:  make ask Q="Why won't NATO admit Ukraine?"
	@$(VENV)/bin/qa index --quiet -- "$$ARTICLES"
	@$(VENV)/bin/qa ask $(ARGS) -- "$$QUESTION" || { code=$$?; [ $$code -eq 1 ] || exit $$code; }

question:
	@[ -n "$$QUESTION" ] || { \
	  printf '%s\n' "No question given. Expected one in Q:  make ask Q=\"Why won't NATO admit Ukraine?\"" >&2; \
	  exit 2; }

index: $(SELF) ## Build the index of seeds/, if it is missing or does not match
	@$(VENV)/bin/qa index -- "$$ARTICLES"

serve: $(SELF) ## Serve the HTTP API (QA_HOST, QA_PORT)
	@$(VENV)/bin/qa index --quiet -- "$$ARTICLES"
	@$(VENV)/bin/qa serve

# The suite is two calls of pytest: most tests two at a time, then, one by one, those marked `alone`. ARGS may leave
# one of the calls nothing to run, which pytest ends with 5. After an interrupt or wrong usage there is no second one.
PYTEST := $(VENV)/bin/python -m pytest
SUITE = first=0; $(PYTEST) --numprocesses=2 --dist=loadfile --no-loadscope-reorder --alone=never $(ARGS) || first=$$?; \
  case $$first in 0|1|5) ;; *) exit $$first ;; esac; \
  second=0; $(PYTEST) --alone=only $(ARGS) || second=$$?; \
  [ $$second -ne 5 ] || second=$$first; \
  [ $$first -ne 1 ] || exit 1; exit $$second

test: $(DEV) $(SELF) ## Run the whole test suite
	@$(SUITE)

check: $(DEV) $(SELF) ## Run what CI runs: format, lint, types, import contracts, tests
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m mypy --strict qa tests
	$(VENV)/bin/python $(VENV)/bin/lint-imports --no-logo --no-cache
	@$(SUITE)

format: $(DEV) ## Format the code and fix what the linter can
	$(VENV)/bin/python -m ruff check --fix-only .
	$(VENV)/bin/python -m ruff format .

# uv resolves for every platform at once and knows every file's hash. torch is left out: which build is
# wanted depends on the machine, so the builds' hashes differ; [tool.uv] in pyproject.toml says what all
# of them need. Versions already locked stay unless UPGRADE is given.
lock: $(CREATED) ## Write the lock files again from pyproject.toml (UPGRADE=1: newest versions)
	@set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(VENV)/bin/python -m venv "$$tools"; \
	"$$tools/bin/python" -m pip --disable-pip-version-check install -qq 'uv>=0.13'; \
	compile() { \
	  "$$tools/bin/uv" pip compile --quiet pyproject.toml --universal --python-version 3.11 \
	    --fork-strategy fewest --generate-hashes --no-annotate --no-emit-package torch \
	    --constraint requirements-torch.lock --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) "$$@"; }; \
	compile --group editable --output-file requirements.lock; \
	compile --group editable --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## Remove the index and every cache
	find index -path 'index/*' -prune ! -name .gitkeep -exec rm -rf {} +
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist
	find . -name .venv -prune -o -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## Remove .venv as well
	rm -rf $(VENV)

$(CREATED):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  found=$$($(PYTHON) --version 2>&1) || found=nothing; \
	  printf '%s\n' "Cannot use $(PYTHON): found $$found, expected Python 3.11 or newer." \
	    "Name another one:  make PYTHON=python3.12 $(or $(firstword $(MAKECMDGOALS)),test)" >&2; \
	  exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# torch goes first and alone: left to a resolver it would bring several GB of CUDA packages. Where pip is
# offered a CPU build (2.13.0+cpu) it takes that one; to offer it, name PyTorch's CPU index in pip's
# configuration. The last line adds nothing to a CPU build, and its libraries to a CUDA build.
$(RUN): $(CREATED)
	@echo 'Installing torch and about 80 packages into .venv: once, about 2 minutes, 1.6 GB.' >&2
	@rm -f $(VENV)/.run-* $(VENV)/.dev-* $(VENV)/.self-*
	@$(PIP) install -qq --no-deps --requirement requirements-torch.lock
	@$(PIP) install -qq --no-deps --require-hashes --requirement requirements.lock
	@$(PIP) install -qq --requirement requirements-torch.lock
	@touch $@

$(DEV): $(RUN)
	@echo 'Installing the test tools into .venv: once, less than a minute.' >&2
	@rm -f $(VENV)/.dev-*
	@$(PIP) install -qq --no-deps --require-hashes --requirement requirements-dev.lock
	@$(CONSISTENT)
	@touch $@

# The project itself, in place: without isolation its build fetches nothing.
$(SELF): $(RUN)
	@rm -f $(VENV)/.self-*
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@$(CONSISTENT)
	@touch $@

# The full doses of tests/reliability and tests/milvus, about an hour and a quarter. The page changes only when every promise held.
reliability: $(DEV) $(SELF) ## Kill, damage, fill, flood and interrupt at length, then write docs/reliability.md
	@figures=$$(mktemp) && trap 'rm -f "$$figures"' EXIT && \
	QA_DOSE=full QA_FIGURES=$$figures $(VENV)/bin/python -m pytest tests/reliability tests/milvus $(ARGS) && \
	$(VENV)/bin/python tests/reliability/report.py "$$figures"

screenshot: $(DEV) $(SELF) ## Take the README's picture of the page, with the Chromium that is installed
	$(VENV)/bin/python tests/browser/screenshot.py

# Examples, state and curve stay in READER_WORK: what was interrupted is taken up again, and what is done is done.
READER_WORK ?= $(HOME)/.cache/qa/reader

reader: $(DEV) $(SELF) ## Train the reader on TRAIN, for some hours, and write its weights
	$(VENV)/bin/python -m qa.train $(TRAIN) --work "$(READER_WORK)"

# Benchmarks print ratios against a baseline that runs in turns with them. The quick ones take about five
# minutes; all of them take two hours, 10 GB of disk in the cache folder, and three more environments for the peers.
EVAL ?= ../shared/eval
TRAIN ?= ../shared/train/en.jsonl.xz
BENCH := $(VENV)/bin/python benchmarks

bench: $(DEV) $(SELF) ## Measure the embedder and a new process
	$(BENCH)/embedding.py $(EVAL) --quick
	$(BENCH)/cold.py --quick
	$(BENCH)/reading.py --quick

bench-all: $(DEV) $(SELF) ## Measure everything, then write the tables of README.md and docs/
	$(BENCH)/embedding.py $(EVAL)
	$(BENCH)/cold.py
	$(BENCH)/reading.py
	$(BENCH)/search.py $(TRAIN)
	$(BENCH)/service.py $(TRAIN)
	$(BENCH)/memory.py $(TRAIN)
	$(BENCH)/peers.py $(EVAL)/nq_oracle
	$(BENCH)/fusion.py $(EVAL)
	$(BENCH)/quality.py $(EVAL)
	$(BENCH)/stores.py $(EVAL)
	$(BENCH)/tables.py
