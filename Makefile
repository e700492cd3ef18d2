# make demo   set up and animate a real clip and a spoken line into out/demo
# make test   set up and run the tests
# make check  lint, types, architecture and tests
# Each sets up .venv by itself, once; nothing but the package index is needed.

# The first that runs: a version manager may put a name on PATH behind which nothing stands.
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do $$p -c "" 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check setup clean

setup: $(READY)

# torch first and alone: with it in place pip does not look for another build.
$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "animdrive needs Python 3.11 or 3.12; none was found" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if v in ((3, 11), (3, 12)) else f"animdrive needs Python 3.11 or 3.12, {sys.executable} is {v[0]}.{v[1]}; run make PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(READY)

demo: $(READY)
	$(BIN)/animdrive demo -o out/demo

test: $(READY)
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

clean:
	rm -rf $(VENV) out
