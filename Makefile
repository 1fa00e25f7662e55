# Two commands are all a new machine needs: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check bench chaos lock clean

run: $(VENV)/.run  ## start everything on this machine
	$(BIN)/perdure up

# Most tests wait for processes: two at a time keep two processors busy enough. A file stays in one process.
test: $(VENV)/.dev  ## run every test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

check: $(VENV)/.dev  ## lint, types and the import rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev  ## measure; rewrites the table in bench/RESULTS.md
	$(BIN)/python -m bench

chaos: $(VENV)/.dev  ## break everything for a while: make chaos SEED=7 MINUTES=10
	$(BIN)/python -m pytest -q -m bites tests/chaos
	$(BIN)/python -m tests.chaos --minutes $(or $(MINUTES),2) $(if $(SEED),--seed $(SEED))

lock:  ## resolve the dependencies anew; needs uv
	uv pip compile pyproject.toml --extra speech --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --no-annotate -o requirements.lock
	uv pip compile pyproject.toml --extra dev --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --no-annotate -o requirements-dev.lock

clean:
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
