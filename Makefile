# `make demo` opens the main job on a seeded world; `make test` passes the tests. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DIST := src/lianfang/web/static/lianfang/dist
export DJANGO_SETTINGS_MODULE = lianfang.project.settings
# What Python compiles for the tests is kept outside the tree and shared by all their processes: else each of them
# compiles a thousand modules anew where bytecode may not be written. Workers take the tests in the order of the files,
# half each, so that mostly one of them makes what a module lays out, and compiles a kernel; who is done takes from the other.
PYTEST = PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$${PYTHONPYCACHEPREFIX:-$(CURDIR)/$(VENV)/pycache}" $(BIN)/pytest -n auto -rs

.PHONY: help demo test journeys test-all check bench serve lock docs messages clean

help: ## Print the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make demo PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || (echo "python3-venv is missing: apt-get install python3-venv" && false)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $(READY)

$(DIST)/.built: $(READY) package.json package-lock.json $(shell find src/lianfang/web/assets -type f 2>/dev/null)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/assets.py
	@touch $@

src/lianfang/locale/zh_Hans/LC_MESSAGES/django.mo: $(READY) $(wildcard src/lianfang/locale/zh_Hans/fragments/*.po)
	$(BIN)/python tools/messages.py

ready: $(READY) $(DIST)/.built src/lianfang/locale/zh_Hans/LC_MESSAGES/django.mo

demo: ready ## Make a seeded world and open the start page on http://127.0.0.1:8000
	$(BIN)/lianfang demo

serve: ready ## Serve the site of this folder (web and loop in one process)
	$(BIN)/lianfang serve

test: ready ## Run the tests (SQLite; what is missing here is skipped with its reason)
	$(PYTEST) --dist worksteal -m "not slow and not browser"

journeys: ready ## Run the journeys in headless Chromium over an invented world
	$(PYTEST) --dist loadfile -m "not slow" tests/journeys

test-all: ready ## Run all tests, the slow ones too
	$(PYTEST) --dist worksteal

check: ready ## Lint, types, floors, migrations, generated pages
	$(BIN)/ruff check . && $(BIN)/ruff format --check src tests tools benchmarks
	$(BIN)/mypy src
	$(BIN)/lint-imports
	$(BIN)/django-admin makemigrations --check --dry-run
	$(BIN)/python tools/reference.py --check

bench: ready ## Run the benchmarks and print their tables
	$(BIN)/python benchmarks/run.py

docs: ready ## Write the generated reference pages
	$(BIN)/python tools/reference.py

messages: ## Merge and compile the Chinese texts, and list what is untranslated
	$(BIN)/python tools/messages.py --list

lock: ## Resolve the dependencies anew and write requirements.lock
	$(BIN)/uv lock --quiet --upgrade
	$(MAKE) export

export:
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --no-emit-project --extra server --extra lake --extra optimise --extra report --format requirements.txt --output-file requirements.lock

clean: ## Remove what was made here, save the virtual environment
	rm -rf var $(DIST) .pytest_cache .mypy_cache .ruff_cache .hypothesis
