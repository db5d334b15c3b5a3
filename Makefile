# The commands of this project; `make` alone lists them. Each sets up what it needs, once.

VENV ?= .venv
BIN := $(VENV)/bin
TARGET_JSONL := $(VENV)-target-jsonl
DUCKDB := $(VENV)-duckdb
DAGSTER := $(VENV)-dagster
KUBERNETES := $(VENV)-kubernetes
SINGER_TOOLS := $(VENV)-singer-tools
UV := $(VENV)-uv
SITE ?= site

.PHONY: help demo fleet-demo test test-all fleet-test mutations tools lint docs generate locks check clean tap tests linters writers \
	target singer-tools target-jsonl target-postgres target-duckdb meltano airflow \
	duckdb dagster kubernetes uv

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: tap target ## a sandbox store, two syncs into target-jsonl, and a check of the rows
	@$(BIN)/python -m demo --target $(TARGET_JSONL)/bin/target-jsonl

fleet-demo: tap duckdb dagster ## three stores on Dagster, into one DuckDB; SERVE=1: serve its web pages
	@$(DAGSTER)/bin/python -m demo.fleet --tap $(BIN)/tap-bigcommerce \
		--duckdb $(DUCKDB)/bin/python $(if $(SERVE),--serve)

test: tests target ## the quick tests; ARGS="tests/tap -k state" for some of them
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-all: tests target ## all tests, also the slow ones
	@$(BIN)/python -m pytest -n auto --dist worksteal -m 'not tools' --hypothesis-profile all $(ARGS)

fleet-test: tap target dagster kubernetes ## test a fleet of stores on Dagster; some minutes
	@FLEET_TAP='$(abspath $(BIN))/tap-bigcommerce' \
		FLEET_TARGET_JSONL='$(abspath $(TARGET_JSONL))/bin/target-jsonl' \
		FLEET_KUBERNETES='$(abspath $(KUBERNETES))/bin/kubernetes-validate' \
		$(DAGSTER)/bin/python -m pytest -n 2 -o filterwarnings=default --disable-warnings \
		tests/fleet $(ARGS)

mutations: tests target ## break the tap in thirty ways, and show which tests see it; ARGS=--quick
	@$(BIN)/python -m scripts.mutations $(ARGS)

tools: tests target singer-tools target-postgres target-duckdb meltano airflow ## test with real targets, Meltano and Airflow
	@$(BIN)/python -m pytest -m tools -n 2 --dist loadfile -rs $(ARGS)

lint: linters ## ruff, mypy --strict and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

docs: writers ## build the documentation as an offline site; open site/index.html
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir '$(abspath $(SITE))'
	@$(BIN)/python -m scripts.docs.check_site '$(SITE)'

generate: writers ## update generated files: samples, pages, tables and pictures
	@$(BIN)/python -m scripts.generate

locks: uv ## update the locked versions of the images, with hashes
	@$(BIN)/python -m scripts.locks $(UV)/bin/uv

check: ## run all checks that a change has to pass, from scratch; some minutes
	@.ci/run

clean: ## remove the files of these commands
	rm -rf .venv .venv-* demo-output fleet-demo-output build dist site *.egg-info .cache .hypothesis \
		.pytest_cache .ruff_cache .mypy_cache .import_linter_cache examples/meltano/.meltano
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# These need other versions of the tap's dependencies, hence separate environments. Dagster has one
# so that it can be upgraded separately.
tap:
	@scripts/venv.sh $(VENV) -e .
tests:
	@scripts/venv.sh $(VENV) -e '.[test]'
linters:
	@scripts/venv.sh $(VENV) -e '.[test,lint]'
writers:
	@scripts/venv.sh $(VENV) -e '.[docs]'
target target-jsonl:
	@scripts/venv.sh $(TARGET_JSONL) target-jsonl==0.1.4
singer-tools:
	@scripts/venv.sh $(SINGER_TOOLS) 'singer-tools>=0.4.1,<0.5'
target-postgres:
	@scripts/venv.sh $(VENV)-$@ meltanolabs-target-postgres==0.8.1
# With later versions of duckdb it loses the first row of each batch without a word.
target-duckdb:
	@scripts/venv.sh $(VENV)-$@ target-duckdb==0.8.0 duckdb==1.2.2
meltano:
	@scripts/venv.sh $(VENV)-$@ meltano==4.4.1
airflow:
	@scripts/venv.sh $(VENV)-$@ apache-airflow==3.1.8
duckdb:
	@scripts/venv.sh $(DUCKDB) 'duckdb>=1,<3'
dagster:
	@scripts/venv.sh $(DAGSTER) -e '.[dagster]' 'pytest>=9' 'pytest-xdist>=3.5' 'pytest-timeout>=2.3' \
		'dagster-webserver>=1.11,<2' 'dagster-k8s>=0.27,<1' 'dagster-postgres>=0.27,<1'
kubernetes:
	@scripts/venv.sh $(KUBERNETES) 'kubernetes-validate>=1.30,<2'
uv:
	@scripts/venv.sh $(UV) 'uv>=0.9,<1'
