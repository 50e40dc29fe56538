# Two commands do nearly everything: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export FLASK_APP := app
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Else each of the many processes compiles the whole hall again: a second of every start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run reset tour test chaos-push check mutate lock bench shots

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@$(PYTHON) -m venv $(VENV)

# A stamp is the lock file that was installed: it differs when the lock has changed.
$(VENV)/run.stamp: requirements.lock | $(BIN)/python
	@cmp -s $< $@ || { echo "Installing the locked dependencies …"; \
	  $(BIN)/pip install --quiet --require-hashes -r requirements.lock && cp $< $@; }
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock | $(BIN)/python
	@cmp -s $< $@ || { echo "Installing the locked dependencies …"; \
	  $(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock && cp $< $@; }
	@touch $@

setup: $(VENV)/run.stamp ## Install what running needs: packages and page assets
	@$(BIN)/python web/assets.py

setup-dev: $(VENV)/dev.stamp ## Install what developing needs as well
	@$(BIN)/python web/assets.py

run: setup ## Start everything: web, worker, scheduler, and WeChat in the box
	@$(BIN)/python -m kernel.keyring var/secrets
	@exec $(BIN)/flask up

reset: ## Forget the demo data: database, queue, emulator; the keys in var/secrets stay
	@if [ -d var ]; then find var -mindepth 1 -maxdepth 1 ! -name secrets -exec rm -rf {} +; fi
	@echo "The demo data is gone; the next 'make run' begins anew."

test: setup-dev ## Run every test
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(TESTS)

tour: setup-dev ## Open every page on four screens: axe-core, and pictures in var/shots
	@$(BIN)/python -m pytest -q tests/journey/every_page.py -n 1 --dist loadgroup

chaos-push: setup-dev ## Break everything while a push goes out, on each database: some ten minutes
	@for kind in sqlite postgresql mariadb; do \
	  $(BIN)/python -m tests.chaos.push $$kind $(or $(PEOPLE),20000) || exit 1; done

check: setup-dev ## Lint, types, layers and house rules
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/house

$(VENV)/mutate.stamp: requirements-mutate.lock $(VENV)/dev.stamp
	@cmp -s $< $@ || { echo "Installing the locked mutation tester …"; \
	  $(BIN)/pip install --quiet --require-hashes -r requirements-mutate.lock && cp $< $@; }
	@touch $@

mutate: $(VENV)/mutate.stamp ## Change points, coupons and check-ins a little: do the tests notice? An hour or two
	@$(BIN)/mutmut run $(MUTANTS)
	@$(BIN)/python -m tests.mutation_figures

lock: $(VENV)/dev.stamp ## Bring the lock files up to date with pyproject.toml
	@$(BIN)/pip install --quiet uv
	@for out in "requirements.lock" "requirements-dev.lock --group dev"; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate pyproject.toml -o $$out; done
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate -c requirements-dev.lock --group pyproject.toml:mutate -o requirements-mutate.lock

bench: setup-dev ## Print the ratios of bench/
	@$(BIN)/python -m bench

shots: setup-dev ## Take the screenshots of README and docs into var/shots
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m tests.shots
