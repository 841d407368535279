# Everything here prepares what it needs inside this checkout; the second time that takes no time.

.DEFAULT_GOAL := help
.PHONY: help up demo test chaos check lint fix console console-check openapi clean

# The first Python on this machine that is new enough and can make virtual environments.
PYTHON = $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$name && break; done)
NO_PYTHON = Homeport needs Python 3.11, 3.12 or 3.13 with its venv module (on Debian and Ubuntu: apt install python3-venv).
PREPARE = @python=$(PYTHON); [ -n "$$python" ] || { echo "$(NO_PYTHON)" >&2; exit 1; }; exec $$python tools/bootstrap.py
BIN = .venv/bin

# Tests: TESTS chooses which, WORKERS how many processes, ARGS goes to pytest.
TESTS ?=
WORKERS ?= 2
ARGS ?=
QUICK = not postgres and not mysql and not redis and not rabbitmq and not browser and not process

##@ Use it

up: ## Start Homeport on http://127.0.0.1:5001 (ARGS="--port 8000" and the like)
	$(PREPARE) run
	$(PREPARE) console
	@exec $(BIN)/homeport up $(ARGS)

demo: ## Load sample documents, ask a question, print the cited answer
	$(PREPARE) run
	@exec $(BIN)/homeport demo $(ARGS)

##@ Work on it

test: ## Run every test (TESTS=tests/unit WORKERS=4 ARGS="-k retrieve")
	$(PREPARE) dev
	$(PREPARE) console
	@exec $(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS) $(TESTS)

chaos: ## Kill processes and brokers at random for a quarter of an hour (HOMEPORT_CHAOS_SEED=7 ARGS="-k rabbitmq")
	$(PREPARE) dev
	@HOMEPORT_CHAOS=long exec $(BIN)/pytest -s tests/chaos $(ARGS)

check: lint ## Lint, formatting, types, import contracts, and the quick tests
	$(BIN)/pytest -q -n $(WORKERS) --dist loadfile -m "$(QUICK)" $(ARGS) $(TESTS)

lint: ## Lint, formatting, types, import contracts
	$(PREPARE) dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: ## Repair what the linter and the formatter can repair
	$(PREPARE) dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

##@ The browser console

console: ## Build the console into the package
	$(PREPARE) console

console-check: ## Lint, type-check and test the console
	$(PREPARE) npm run --if-present lint
	$(PREPARE) npm run --if-present typecheck
	$(PREPARE) npm run --if-present test

##@ Housekeeping

openapi: ## Write the OpenAPI documents anew
	$(PREPARE) dev
	$(BIN)/homeport openapi > docs/reference/openapi.json
	$(BIN)/homeport openapi --console > docs/reference/openapi-console.json

clean: ## Remove what these commands made (never your data)
	rm -rf .venv .tools .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
		test-results dist console/node_modules homeport/entry/console
	find homeport tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
