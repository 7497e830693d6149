# make run: open a market on this machine.   make test: the tests.   make lint: the style, types and walls.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help run test lint format messages venv clean

help:
	@echo "make run     open a market on http://localhost:8000 (Ctrl-C closes it)"
	@echo "make test    run the tests              ARGS='-k outbox' to choose some"
	@echo "make lint    style, types, templates, the walls between the parts"
	@echo "make format  put the code into its style"
	@echo "make messages  bring the translations' catalogues in line with the texts in the code"
	@echo "make clean   throw away the data of make run and make test"

run: $(VENV)/.for-run
	@exec $(BIN)/python -m mahalla up $(ARGS)

test: $(VENV)/.for-dev
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

lint: $(VENV)/.for-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m mypy
	$(BIN)/djlint --lint --quiet mahalla

format: $(VENV)/.for-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# for maintainers: needs GNU gettext
messages: $(VENV)/.for-dev
	$(BIN)/python -m mahalla messages

venv: $(VENV)/.for-dev

# What is installed is pinned by hash; a stamp makes the second start quick.
$(VENV)/.for-run: requirements/run.txt pyproject.toml
	@if [ -e $(VENV)/.for-dev ]; then $(MAKE) --no-print-directory $(VENV)/.for-dev; \
	else $(MAKE) --no-print-directory install LOCK=requirements/run.txt; fi
	@touch $@

$(VENV)/.for-dev: requirements/dev.txt pyproject.toml
	@$(MAKE) --no-print-directory install LOCK=requirements/dev.txt
	@touch $@

.PHONY: install
install:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "mahalla needs Python 3.11 or newer; name one with: make PYTHON=python3.11"; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || \
		{ echo "this Python cannot make environments; on Debian: apt install python3-venv"; exit 1; }
	@echo "  Installing what $(LOCK) names …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .

clean:
	rm -rf .data .artifacts
