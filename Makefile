# `make demo` and `make test` are all that a newcomer needs; the rest is for people at work in here.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help
help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

.PHONY: setup
setup: ## make .venv, with everything pinned
	@$(PYTHON) tools/setup.py main

.PHONY: setup-py313
setup-py313: ## make .venv-py313, the second lane (Python 3.13, ansible-core 2.21)
	@$(PYTHON) tools/setup.py py313

.PHONY: demo
demo: setup ## sandbox up, dev converged, and how to look around
	@$(BIN)/python tools/demo.py

.PHONY: test
test: setup ## everything, on both lanes; closes with `N passed, N failed`
	@$(BIN)/python tools/test.py

.PHONY: static lint unit integration sandbox-tests molecule end-to-end
static: setup ## lint, sanity, docs, galaxy build, house rules
	@$(BIN)/python tools/test.py static sanity
lint: setup ## the quick part of static: ruff, yamllint, ansible-lint, house rules
	@$(BIN)/python tools/test.py lint
unit: setup ## the collection's unit tests
	@$(BIN)/python tools/test.py unit
sandbox-tests: setup ## the sandbox's own tests
	@$(BIN)/python tools/test.py sandbox
integration: setup ## every kind and attribute against a sandbox: what was changed behind our back is seen and mended
	@$(BIN)/python tools/test.py integration
molecule: setup ## one scenario per role, against a sandbox
	@$(BIN)/python tools/test.py molecule
end-to-end: setup ## the inventories from empty accounts
	@$(BIN)/python tools/test.py end_to_end survival

.PHONY: bench
bench: setup ## how fast it is, as ratios: against stock modules, with more objects, with slow calls
	@PYTHONPATH=benchmarks $(BIN)/python -m bench

.PHONY: format
format: setup ## let ruff write the layout of Python files
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

.PHONY: requirements
requirements: setup ## write the test column of docs/requirements.md from the marks of the tests
	@$(BIN)/python tools/requirement_table.py

.PHONY: iam-actions
iam-actions: setup ## write the actions that the check of policies knows, from the pinned parliament
	@$(BIN)/python tools/iam_actions.py

.PHONY: lock
lock: setup setup-py313 ## pin anew what requirements-dev.txt names, for both lanes
	@$(BIN)/python tools/lock.py

.PHONY: clean
clean: ## stop the sandbox, remove environments and reports (the cache of binaries stays)
	@if [ -x $(BIN)/piksel-sandbox ]; then $(BIN)/piksel-sandbox down; fi
	@rm -rf .venv .venv-py313 .sandbox .work
