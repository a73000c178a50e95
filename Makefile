# make run   installs what is missing, prepares the models, loads the sample corpus, serves http://127.0.0.1:7860
# make test  installs what the tests need and runs them all
PYTHON ?= python3
WORKERS ?= 4
MIDAS := .venv/bin/midas

.PHONY: run test bench lint format install browser

run: install
	@$(MIDAS) models pull
	@.venv/bin/python scripts/sample.py
	@$(MIDAS) serve

test: browser
	@$(PYTHON) scripts/bootstrap.py test
	@PYTHONDONTWRITEBYTECODE= .venv/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

bench:
	@$(PYTHON) scripts/bootstrap.py test
	@$(MIDAS) models pull
	@.venv/bin/python -m benchmarks

lint:
	@$(PYTHON) scripts/bootstrap.py test lint
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

format:
	@$(PYTHON) scripts/bootstrap.py lint
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

install:
	@$(PYTHON) scripts/bootstrap.py

# The pages' tests drive a real Chromium, best the one without a window; with none, and none to install, they are skipped.
browser:
	@command -v chromium-headless-shell >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || { \
	  echo "Installing Chromium for the pages' tests ..."; \
	  { apt-get update -qq; apt-get install -y -qq --no-install-recommends chromium-headless-shell || \
	    apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 || true; }
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	  command -v google-chrome >/dev/null || echo "No Chromium here: the pages' tests will be skipped."
