# The commands of this project; `make` alone lists them. Each sets up what it needs, once.

VENV ?= .venv
BIN := $(VENV)/bin
TARGET_JSONL := $(VENV)-target-jsonl
SINGER_TOOLS := $(VENV)-singer-tools
SITE ?= site

.PHONY: help demo test lint docs generate check clean tap tests linters writers target singer-tools

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: tap target ## a made-up store, two syncs into target-jsonl, and what landed
	@$(BIN)/python -m demo --target $(TARGET_JSONL)/bin/target-jsonl

test: tests target singer-tools ## run the tests; ARGS="tests/tap -k state" for some of them
	@$(BIN)/python -m pytest $(ARGS)

lint: linters ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: writers ## the documentation as a site that needs no network; open site/index.html
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir '$(abspath $(SITE))'
	@$(BIN)/python -m scripts.docs.check_site '$(SITE)'

generate: tap ## write anew what follows from the code: samples, pages, tables and pictures
	@$(BIN)/python -m scripts.generate

check: ## all that has to pass before a change is merged, from scratch; some minutes
	@.ci/run

clean: ## remove what these commands have made
	rm -rf .venv .venv-* demo-output build dist site *.egg-info .pytest_cache .ruff_cache .mypy_cache

# target-jsonl and singer-tools pin old versions of what the tap needs too, hence their own homes.
tap:
	@scripts/venv.sh $(VENV) -e .
tests:
	@scripts/venv.sh $(VENV) -e '.[test]'
linters:
	@scripts/venv.sh $(VENV) -e '.[test,lint]'
writers:
	@scripts/venv.sh $(VENV) -e '.[docs]'
target:
	@scripts/venv.sh $(TARGET_JSONL) 'target-jsonl>=0.1.4,<0.2'
singer-tools:
	@scripts/venv.sh $(SINGER_TOOLS) 'singer-tools>=0.4.1,<0.5'
