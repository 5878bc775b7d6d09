# The targets of vnegov. Everything runs in .venv, made from requirements.lock.
.DEFAULT_GOAL := help
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_PIN := $(shell sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements.lock)

.PHONY: help setup report test pytest nbval data notebooks bench lint lab lock clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## the environment alone, in .venv

$(VENV)/.ready: requirements.lock pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vnegov needs Python 3.11 or newer; this is %s" % sys.version.split()[0])'
	@test -x $(UV) || { python3 -m venv --clear $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV_PIN); }
	@$(UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/jupyter kernelspec install --sys-prefix --log-level ERROR --name vnegov-warm src/vnegov/batch/kernels/vnegov-warm
	@touch $@

report: setup ## the default report: figures/, reports/ and site/index.html
	@$(BIN)/vnegov batch plans/default.toml

test: setup ## all tests: pytest, and nbval on the stored notebooks
	@$(MAKE) --no-print-directory -j2 --output-sync=target pytest nbval

pytest: setup
	@$(BIN)/python -m pytest

nbval: setup
	@folder=$$(mktemp -d) && VNEGOV_OUTPUT=$$folder $(BIN)/python -m pytest --nbval --nbval-kernel-name vnegov-warm notebooks; \
	    code=$$?; rm -rf "$$folder"; exit $$code

data: setup ## rebuild data/processed from data/raw
	@$(BIN)/vnegov build

notebooks: setup ## run every template with its defaults and store it
	@$(BIN)/jupyter nbconvert --to notebook --execute --inplace --log-level WARN \
	    --ExecutePreprocessor.record_timing=False notebooks/*.ipynb

bench: setup ## measure the batch against its alternatives, as ratios; writes benchmarks/results.md
	@$(BIN)/python -m benchmarks

lint: setup ## ruff on code and notebooks, and the type checker
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

lab: setup ## JupyterLab on the notebooks
	@$(BIN)/jupyter lab --notebook-dir=notebooks

lock: setup ## renew requirements.lock from pyproject.toml
	@$(UV) pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock

clean: ## remove what can be made again (not .venv)
	@rm -rf reports site .pytest_cache .mypy_cache .ruff_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
