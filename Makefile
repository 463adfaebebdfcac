# Everything here makes the virtual environment .venv itself if it is missing; PYTHON chooses the interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml README.md LICENSE $(shell find exactcnn -type f -not -path '*/__pycache__/*')
CORES := $(shell $(PYTHON) -c 'import os; print(os.cpu_count() or 1)')

.PHONY: demo test test-extras nightly lint types imports docs site notebooks gallery explorer browser coq coq-export extracted bench \
	format clean

demo: $(VENV)/.base
	$(BIN)/exactcnn demo

# The tests run against the installed package, not against the files beside them.
test: $(VENV)/.test
	$(BIN)/pytest -n $(CORES) --dist worksteal --ignore=tests/explorer --ignore=tests/coq --ignore=tests/extracted \
		--ignore=tests/browser
	@echo "not run here: tests/explorer, tests/browser, tests/coq and tests/extracted have targets of their own" >&2

# What `test` skips because its extra leaves them out: other SMT solvers, and the scans behind `digits`.
test-extras: $(VENV)/.dev
	$(BIN)/pytest tests/oracles/test_monolithic.py tests/examples tests/formats/test_smtlib.py \
		tests/solvers/test_cvc5_solver.py tests/cli/test_cross_check.py

# What takes too long for every change: 100,000 mutants of certificates (about half an hour of processor time), every planted
# bug, the other solvers, and Coq's own checker on the compiled proofs where Coq is installed.
nightly: $(VENV)/.dev
	mkdir -p out
	$(BIN)/python tests/mutation/matrix.py --count 100000 -o out/MUTATIONS.md
	$(BIN)/pytest tests/mutation
	$(BIN)/exactcnn selftest
	$(MAKE) test-extras
	@if command -v coqchk >/dev/null; then $(MAKE) coq && $(MAKE) -C proofs/coq coqchk; \
		else echo "proofs/coq was not checked: coqchk is missing (Debian: apt-get install coq)" >&2; fi

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

# All examples of the README and of the documentation: what they print is compared with what the pages show.
docs: $(VENV)/.dev
	$(BIN)/pytest tests/docs
	$(BIN)/python tools/page_examples.py --workers $(CORES) $(shell find docs -name '*.md')
	$(BIN)/python tools/record_demo.py --check docs/assets/demo.svg

# The documentation, in out/site: warnings are errors, links have to lead somewhere, nothing is loaded from elsewhere.
site: $(VENV)/.dev
	rm -rf out/site out/doctrees
	$(BIN)/sphinx-build -W -n --keep-going -q -d out/doctrees docs out/site
	$(BIN)/python tools/check_site.py out/site

# The proofs in Coq and what they rest on; needs Coq 8.16 (Debian: apt-get install coq), which nothing else here does.
coq:
	@command -v coqc >/dev/null || { echo "proofs/coq was not checked: coqc is missing (Debian: apt-get install coq)" >&2; exit 1; }
	$(MAKE) -C proofs/coq audit

# Exported certificates compile in Coq and say what they should, changed ones do not; about a minute and a half.
coq-export: $(VENV)/.dev
	@command -v coqc >/dev/null || { echo "exported certificates were not compiled: coqc is missing (Debian: apt-get install \
	coq)" >&2; exit 1; }
	$(MAKE) -C proofs/coq
	$(BIN)/pytest -n $(CORES) tests/coq

# The checker extracted from Coq, built, and its answers compared with the kernel's; needs OCaml and zarith, but not Coq.
extracted: $(VENV)/.dev
	$(MAKE) -C proofs/ocaml
	$(BIN)/pytest tests/extracted

# With the exercises solved; each check has to fail before its solution and to pass after it.
notebooks: $(VENV)/.dev
	rm -rf out/notebooks
	$(BIN)/python tools/solve_notebooks.py -o out/notebooks
	$(BIN)/pytest --nbmake --nbmake-timeout=120 -n $(CORES) out/notebooks

gallery: $(VENV)/.dev
	mkdir -p out
	$(BIN)/python tools/make_gallery.py -o out/gallery.html

# The proof explorer's scripts: types, their own tests, and random instances on which they have to agree with the package.
explorer: $(VENV)/.dev
	@command -v node >/dev/null && command -v tsc >/dev/null || { echo "the proof explorer was not checked: node or tsc is \
	missing (Debian: apt-get install nodejs node-typescript)" >&2; exit 1; }
	tsc -p exactcnn/report/explorer
	node --test tests/explorer/*.test.mjs
	$(BIN)/pytest -n $(CORES) --dist worksteal tests/explorer

# The proof explorer's pages in a real browser.
browser: $(VENV)/.browser
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { echo "the proof explorer's pages were not \
	tested: Chromium is missing (Debian: apt-get install chromium)" >&2; exit 1; }
	$(BIN)/pytest tests/browser

bench: $(VENV)/.dev
	$(BIN)/python tests/benchmarks/run_all.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	$(MAKE) -C proofs/coq clean
	$(MAKE) -C proofs/ocaml clean
	rm -rf $(VENV) build dist out .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# One stamp a set of extras: reinstalled when a source file is newer.
$(VENV)/.base: EXTRAS :=
$(VENV)/.test: EXTRAS := [test]
$(VENV)/.dev: EXTRAS := [dev]
$(VENV)/.browser: EXTRAS := [browser]
$(VENV)/.base $(VENV)/.test $(VENV)/.dev $(VENV)/.browser: $(SOURCES) | $(BIN)/pip
	$(BIN)/pip install --quiet --disable-pip-version-check ".$(EXTRAS)"
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "exactcnn needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
