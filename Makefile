# Two commands on a fresh machine: `make demo` and `make test`. Both install what they need into .venv.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

export PREFECT_SERVER_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: help demo test test-slow check format bench bench-accuracy readme lock install

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(INSTALLED)  ## simulate a portfolio, train, run, print the result
	@$(BIN)/debtscape demo

test: $(INSTALLED)  ## the specification, at most 6 minutes
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test-slow: $(INSTALLED)  ## campaigns: random kills, many seeds, load, properties on many more examples
	DEBTSCAPE_THOROUGH=1 $(BIN)/pytest -m "slow or hypothesis" -v

check: $(INSTALLED)  ## lint, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)  ## let ruff format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED)  ## figures: kernel against DuckDB and Polars, the whole job on a million invoices
	$(BIN)/python tests/benchmarks/kernel_speed.py --invoices 1000000
	$(BIN)/python tests/benchmarks/whole_job.py --debtors 20000 --invoices 1000000

bench-accuracy: $(INSTALLED)  ## figures: accuracy on public ledgers, and against the best possible on a simulated one
	$(BIN)/python tests/benchmarks/accuracy.py
	$(BIN)/python tests/benchmarks/simulated_oracle.py --points 9000

readme: $(INSTALLED)  ## write the present output of its commands into the README
	$(BIN)/python tests/readme_support.py

lock: $(INSTALLED)  ## resolve the dependencies anew, with hashes and without addresses
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade -o requirements.lock

install: $(INSTALLED)  ## only install

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit('debtscape needs Python 3.11 or newer; say which with make PYTHON=...' if sys.version_info < (3, 11) else 0)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@
