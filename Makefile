# `make` or `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up

# Where CPU-only torch comes from, unless pip is configured with a place that has one. Empty (`make setup
# TORCH_INDEX=`): the build of the default index, on Linux with several GB of CUDA packages, for a machine with a GPU.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

# Pins hold in pip's build environments too.
export PIP_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Before a command that needs containers: find a Docker engine or start one, and name it to the command.
WITH_ENGINE = host=$$($(BIN)/python scripts/docker-engine) && export "$$host" &&

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all soak lint bench gpu-check tiny-model tiny-sibling evidence-core evidence evidence-again clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

# pip --no-compile: of 25,000 modules a few thousand are ever imported; each is compiled when it first is.
setup: $(STAMP) ## A virtual environment in .venv with everything pinned; done again only when the pins change

$(STAMP): pyproject.toml constraints.txt
	@PYTHON="$(PYTHON)" scripts/new-venv $(VENV)
	@scripts/install-torch $(BIN)/python "$(TORCH_INDEX)"
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[dev]'
	@scripts/install-vllm $(BIN)/python
	@touch $@

demo: setup ## The whole loop in Docker containers, on the model that ships; ends with a table of figures
	@$(WITH_ENGINE) PATH="$(CURDIR)/$(BIN):$$PATH" scripts/demo

test: setup ## The tests, real containers included, two files at a time
	@$(WITH_ENGINE) $(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder

test-all: setup ## The tests and the long ones
	@$(WITH_ENGINE) $(BIN)/python -m pytest
	@$(WITH_ENGINE) for run in 1:1 2:4 3:1; do echo "== the cases in order $${run%:*} by $${run#*:}" && \
	  SCA_CASES_ORDER=$${run%:*} SCA_CASES_AT_ONCE=$${run#*:} $(BIN)/python -m pytest tests/sandbox/test_cases.py || exit 1; done

soak: setup ## 5,000 candidates, twice: nothing grows and the verdicts are equal; a quarter of an hour
	@$(WITH_ENGINE) $(BIN)/python tests/soak/soak.py

lint: setup ## ruff (rules and format) and strict mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: setup ## Each script in benchmarks/, one after the other
	@$(WITH_ENGINE) for script in $(filter-out benchmarks/gpu_check.py,$(wildcard benchmarks/*.py)); do echo "== $$script" && $(BIN)/python "$$script" || exit 1; done

gpu-check: ## Trainer and transformers engine in bfloat16 on this machine's GPU; takes PYTHON's torch, needs no setup
	@PYTHONPATH=. $(PYTHON) benchmarks/gpu_check.py

tiny-model: setup ## Train the model that ships once more, from nothing
	@$(WITH_ENGINE) $(BIN)/python -m tiny_model

tiny-sibling: setup ## Train its stronger sibling, the teacher for distillation, once more, from nothing
	@$(WITH_ENGINE) $(BIN)/python -m tiny_model --sibling

evidence-core: setup ## Does self-challenging help, and what does the filter do? Writes docs/evidence.md; within an hour
	@$(WITH_ENGINE) export PATH="$(CURDIR)/$(BIN):$$PATH" && experiments/leaks.sh && \
	  experiments/self-improvement.sh calculation && python -m experiments

evidence: setup ## All experiments; hours, and it goes on where it was stopped
	@$(WITH_ENGINE) export PATH="$(CURDIR)/$(BIN):$$PATH" && experiments/all.sh && python -m experiments

evidence-again: setup ## The same once more, seed 1 unless SEEDS says more, compared with what docs/evidence.md says
	@$(WITH_ENGINE) export PATH="$(CURDIR)/$(BIN):$$PATH" EVIDENCE="$(CURDIR)/build/evidence-again" SEEDS="$${SEEDS:-1}" && \
	  experiments/all.sh && python -m experiments --again build/evidence-again

clean: ## Stop the private Docker engine and remove all that the other targets made
	@$(PYTHON) scripts/docker-engine stop
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
