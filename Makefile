# Everything runs in Guanxi's own .venv, which the first target that needs it makes.
#   make setup | demo | test | check | bench | console

PYTHON ?= python3
GUANXI_VENV ?= .venv
BIN := $(GUANXI_VENV)/bin
BOOTSTRAP := $(PYTHON) scripts/bootstrap.py

PAGE ?= http://127.0.0.1:8600/

# numpy and polars start a thread for every core; two of them leave room for the gate and the desk.
export GUANXI_VENV
export OMP_NUM_THREADS ?= 1
export POLARS_MAX_THREADS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup dev demo test check format docs bench console lock

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## .venv with the guanxi command, and the console
	@$(BOOTSTRAP) setup

dev: ## .venv with the tools of the tests and checks
	@$(BOOTSTRAP) dev

demo: ## a town of 20,000 people, lived through and served
	@$(BOOTSTRAP) demo $(ARGS)

test: ## all tests, two at a time
	@$(BOOTSTRAP) test $(ARGS)

check: dev ## format, lint, types, arrows, lock, console, docs and quick tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy scripts/bootstrap.py scripts/lock.py scripts/console.py
	$(BIN)/lint-imports
	$(BIN)/python scripts/lock.py --check
	$(BIN)/python scripts/console.py check
	$(BIN)/pytest -n 2 -m "not slow"

format: dev ## put the source into the house's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: dev ## write the pages that are made from rows
	$(BIN)/python scripts/docs.py

bench: ## measure; make bench ARGS="ingest --json" measures one
	@$(BOOTSTRAP) bench
	@$(BIN)/guanxi bench $(ARGS)

console: setup ## build the console again and open it, while make demo or guanxi serve runs
	@$(BIN)/python scripts/console.py build
	@$(PYTHON) -m webbrowser $(PAGE) >/dev/null || echo "Open $(PAGE)"

lock: dev ## rewrite the lock from what is installed
	$(BIN)/python scripts/lock.py
