# Everything a fresh machine needs is Python >= 3.11, make and git.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Packline needs Python 3.11 or newer; run make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

locales: .venv/ready ## compile the catalogues
	@for po in data/locales/*/LC_MESSAGES/*.po; do \
	  mo=$${po%.po}.mo; [ $$mo -nt $$po ] || $(BIN)/pybabel --quiet compile -i $$po -o $$mo || exit 1; done

demo: locales ## a furnished warehouse with simulated shop, carrier and devices
	$(BIN)/packline demo

test: locales ## formatting, types, room plan, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy core drivers tui
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto

SEEDS ?= $(shell seq 1 20)
storm: locales ## twenty stormy days: 2,000 orders, five platforms, killed processes; SEEDS="7 8" picks
	@for seed in $(SEEDS); do echo "seed $$seed"; \
	  $(BIN)/packline rehearse --platforms taobao,jd,pdd,douyin,shopify --orders 2000 --kills 8 \
	    --faults storm --seed $$seed --keep build/storm/$$seed || failed="$$failed $$seed"; done; \
	  test -z "$$failed" || { echo "out of balance:$$failed"; exit 1; }

bench: locales ## the figures of benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

wheel: locales ## what a shop installs
	$(BIN)/python -m build --wheel --no-isolation

lock: .venv/ready ## pin the whole tree again
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements.lock

clean: ## away with everything that can be made again
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help locales demo test bench wheel lock clean
