# The commands of this project; `make` alone lists them. Each sets up what it needs, once.

VENV ?= .venv
BIN := $(VENV)/bin
TARGET_JSONL := $(VENV)-target-jsonl
TARGET_DUCKDB := $(VENV)-target-duckdb
DAGSTER := $(VENV)-dagster
SINGER_TOOLS := $(VENV)-singer-tools

.PHONY: help demo fleet-demo test lint generate check clean tap tests linters target singer-tools \
	target-duckdb dagster

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: tap target ## a made-up store, two syncs into target-jsonl, and what landed
	@$(BIN)/python -m demo --target $(TARGET_JSONL)/bin/target-jsonl

fleet-demo: tap target-duckdb dagster ## three stores on Dagster, into one DuckDB; SERVE=1: look at its pages
	@$(DAGSTER)/bin/python -m demo.fleet --tap $(BIN)/tap-bigcommerce \
		--target $(TARGET_DUCKDB)/bin/target-duckdb $(if $(SERVE),--serve)

test: tests target singer-tools dagster ## run the tests; ARGS="tests/tap -k state" for some of them
	@$(BIN)/python -m pytest $(ARGS)

lint: linters ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

generate: tap ## write anew what follows from the code: samples, tables in the documentation
	@$(BIN)/python -m scripts.generate

check: ## all that has to pass before a change is merged, from scratch; some minutes
	@.ci/run

clean: ## remove what these commands have made
	rm -rf .venv .venv-* demo-output fleet-demo-output build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache

# target-jsonl and singer-tools pin old versions of what the tap needs too, hence their own homes.
# Dagster has one so that it may be upgraded by itself.
tap:
	@scripts/venv.sh $(VENV) -e .
tests:
	@scripts/venv.sh $(VENV) -e '.[test]'
linters:
	@scripts/venv.sh $(VENV) -e '.[test,lint]'
target:
	@scripts/venv.sh $(TARGET_JSONL) 'target-jsonl>=0.1.4,<0.2'
singer-tools:
	@scripts/venv.sh $(SINGER_TOOLS) 'singer-tools>=0.4.1,<0.5'
target-duckdb:
	@scripts/venv.sh $(TARGET_DUCKDB) 'target-duckdb>=0.8,<0.9'
dagster:
	@scripts/venv.sh $(DAGSTER) -e '.[dagster]' 'pytest>=8' 'dagster-webserver>=1.11,<2' 'dagster-k8s>=0.27,<1'
