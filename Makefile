# Every verb is a script in scripts/; this file only names them.
PYTHON ?= python3
RUN := .venv/bin/python
MINUTES ?= 5

.PHONY: help setup build generate check docs test test-more test-long test-all test-pythons compare serve bench fuzz clean

help:
	@echo "make compare       compare pyjsapi with Chromium's and Firefox's WebAssembly, report in build/report"
	@echo "make test          run every test, in random order (SEED=N repeats one)"
	@echo "make test-more     tests that make test leaves out, and a share of the fuzzing"
	@echo "make test-long     the same, and real programs in every way of translation"
	@echo "make test-all      make test and make test-long"
	@echo "make setup         install what the project needs: .venv, node_modules, browsers"
	@echo "make build         the Pyodide distribution, the packed JavaScript package and the real modules, in build/"
	@echo "make generate      the generated files, after a change of what they are made from"
	@echo "make check         ruff, mypy, import contracts, Biome, tsc, the documentation's links"
	@echo "make docs          the documentation as pages, with a reference of the API, in build/docs"
	@echo "make test-pythons  the fast tests on every other Python that is installed"
	@echo "make serve         the page, comparison and workbench, on a local server"
	@echo "make bench         the benchmarks against other engines"
	@echo "make fuzz          generated modules against other engines, MINUTES=5; it goes on where it stopped"
	@echo "make clean         remove what was built (not .venv and node_modules)"

setup:
	@$(PYTHON) scripts/setup.py

build: setup
	@bash scripts/build.sh

generate: setup
	@$(RUN) scripts/generate.py

check: setup
	@bash scripts/check.sh

docs: setup
	@bash scripts/docs.sh

test: build
	@SEED='$(SEED)' bash scripts/test.sh

test-more: build
	@bash scripts/test_long.sh --without-programs

test-long: build
	@bash scripts/test_long.sh

test-all: test test-long

test-pythons: setup
	@bash scripts/test_pythons.sh

compare: build
	@$(RUN) -m web.compare --browser chromium --browser firefox --report build/report

serve: build
	@$(RUN) -m web.serve

bench: build
	@$(PYTHON) scripts/setup.py --bench python
	@$(RUN) -m benchmarks

fuzz: setup
	@$(RUN) -m fuzz --minutes $(MINUTES)

clean:
	@rm -rf build dist .cache/stamps .mypy_cache .ruff_cache .import_linter_cache .pytest_cache
