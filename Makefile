# Every command of the course; `make` alone lists them
SHELL := /bin/sh
PYTHON ?= python3.11
BIN := .venv/bin
RUN := $(BIN)/python -m
READY := .venv/ready
# Made here and whole, or made anew: not moved, copied, or left without its
# Python by the system
MADE := $(shell test -x $(BIN)/python && head -n 1 $(READY) 2>/dev/null)
ifneq "$(MADE)" "$(CURDIR)"
.PHONY: $(READY)
endif
# Python's settings of this shell change what a lesson imports and prints: a
# path with another numpy, asserts switched off, an old encoding
unexport $(filter PYTHON%,$(.VARIABLES)) PYTEST_PLUGINS \
	PYTEST_DISABLE_PLUGIN_AUTOLOAD
export PYTHONUTF8 := 1
# What runs before there is a .venv: any Python from 3.8 on
ANY = $(or $(shell for python in '$(PYTHON)' python3 python; do \
	"$$python" -Ec 'import sys; sys.exit(sys.version_info < (3, 8))' \
	2>/dev/null && echo "$$python" && break; done),$(error \
	no Python 3.8 or newer here: apt-get install python3))
JOBS ?= 2
ENGINE ?= docker
CLASS ?= classroom/class
# npm leaves its own copy of the lock behind when all is installed
PROXY := classroom/hub/node_modules/.package-lock.json
# LANGUAGE=zh as it is given to make: desktops set a variable of that name
SPOKEN = $(if $(findstring command,$(origin LANGUAGE)),--language $(LANGUAGE))
# The stored outputs come from cpu(0): on cpu(1), under a checker that raises
# where arrays of two devices meet, one run proves both
DEVICE ?= cpu(1)
STRICT := $(if $(filter cpu(1),$(DEVICE)),D2L_STRICT_DEVICE=1)
COMPARE := $(if $(filter gpu%,$(DEVICE)),--nbval-lax,--nbval)
# The Chinese edition has the same code, which a test proves: one lesson of it
# is run, as a proof of that proof. The solutions go backwards, so that no long
# notebook is the last, for which one core would wait
LESSONS := $(wildcard notebooks/$(NB)*.ipynb) $(shell printf '%s\n' \
	$(wildcard notebooks/solutions/$(NB)*.ipynb) | sort -r) \
	$(if $(NB),,$(wildcard notebooks/zh/01*.ipynb))
# Each notebook runs in a kernel of its own, JOBS notebooks at a time
PYTEST := $(RUN) pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate
SPHINX := $(RUN) sphinx -q -W --keep-going -E -j auto -c docs
SERVER := $(RUN) http.server --bind 127.0.0.1

.DEFAULT_GOAL := help
.PHONY: help lab run setup check wheels validate release submissions grade \
	points hub proxy test lint unit notebooks outputs mutants test-classroom \
	test-setup test-arm64 test-web ledger bench zh site site-serve zip image \
	release-notes lock clean need-lesson need-hw

help:  ## list these commands
	@awk '/^#: /{printf "\n%s\n", substr($$0, 4)} \
		/^[a-z0-9-]+:.*## /{split($$0, part, ":|  ## "); \
		sub(/.*## /, ""); printf "  make %-15s %s\n", part[1], $$0}' Makefile

#: Learn
lab: $(READY)  ## open JupyterLab (PORT=8890 THREADS=4 LANGUAGE=zh)
	@exec $(RUN) tools.lab $(SPOKEN)

run: $(READY) need-lesson  ## run a lesson in the shell: make run NB=03
	@$(RUN) tools.run $(NB)

validate: $(READY) need-hw  ## run an assignment's checks (HW=hw2)
	@$(RUN) classroom validate $(HW) $(if $(FILE),'$(FILE)') $(SPOKEN)

check:  ## say what this machine lacks for the course
	@'$(ANY)' -m tools.preflight '$(PYTHON)' '$(WHEELS)'

setup: $(READY)  ## install everything into .venv; nothing when it is there

wheels: $(READY)  ## all that setup needs in one folder (setup WHEELS=folder)
	@$(RUN) tools.wheels dist

#: Teach
release: $(READY) need-hw  ## make the students' version (HW=hw2 LANGUAGE=zh)
	@$(RUN) classroom release $(HW) --class '$(CLASS)' $(SPOKEN)

submissions: $(READY) need-hw  ## unpack what came back (HW=hw2 ZIP=x.zip)
	@$(RUN) classroom submissions $(HW) '$(ZIP)' --class '$(CLASS)'

grade: $(READY) need-hw  ## grade what has changed (HW=hw2)
	@$(RUN) classroom grade $(HW) --class '$(CLASS)' $(SPOKEN) \
		$(if $(UNSAFE),--unsafe) $(if $(DASK),--scheduler '$(DASK)')

points: $(READY)  ## give points to texts, in the browser
	@exec $(RUN) classroom points --class '$(CLASS)'

hub: proxy  ## a JupyterHub for a class on this machine (docs/hub.md)
	@exec $(RUN) jupyterhub --config=classroom/hub/jupyterhub_config.py \
		$(if $(PORT),--port=$(PORT))

proxy: $(PROXY)

#: Contribute
test: lint $(if $(NB),,unit) notebooks  ## run the checks (NB=04: one lesson)

lint: $(READY)  ## ruff on code and notebooks
	$(BIN)/ruff check --quiet --no-cache

unit: $(READY)  ## tests of d2lutils, of the notebooks' form, of the tools
	@# Nothing is written into the course, which may be read-only; tracing
	@# what is covered slows tests down: those of d2lutils alone
	scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
		export COVERAGE_FILE="$$scratch/coverage" \
		HYPOTHESIS_STORAGE_DIRECTORY="$$scratch/hypothesis" && \
		$(PYTEST) --cov=d2lutils --cov-fail-under=95 \
		tests/d2lutils && $(PYTEST) \
		$(addprefix --ignore=tests/,d2lutils classroom docs) tests

notebooks: $(READY)  ## every notebook gives its stored outputs (DEVICE=gpu)
	@test -n '$(strip $(LESSONS))' || { $(RUN) tools.run '$(NB)'; exit 2; }
	D2L_DEVICE='$(DEVICE)' $(STRICT) $(PYTEST) $(COMPARE) $(LESSONS)

outputs: $(READY) need-lesson  ## run a lesson and store its outputs: NB=03
	@$(RUN) tools.run --save $(NB)

test-classroom: $(READY)  ## assignments, sandbox, grading (ONLY=scale)
	$(PYTEST) tests/classroom $(if $(ONLY),-k '$(ONLY)')

test-setup: $(READY)  ## interrupted and odd set-ups; ten minutes
	$(RUN) pytest -q -m setup tests/tools

test-arm64: $(READY)  ## what an arm64 computes, emulated; minutes
	$(RUN) pytest -v -s -m arm64 tests/tools/test_arm64.py

test-web: site  ## the site and JupyterLab in a browser
	$(PYTEST) --dist worksteal tests/docs

mutants: $(READY)  ## try wrong answers on the self-checks (NB=04)
	@$(RUN) tests.mutants $(NB)

zh: $(READY)  ## carry changes over to the Chinese edition (NB=04)
	@$(RUN) tools.chinese carry $(NB)

ledger: $(READY)  ## run all that the sources report; half an hour
	@$(RUN) ledger

bench: $(READY) .bench/ready  ## measure speed and memory (ONLY=reading)
	@$(RUN) benchmarks $(ONLY)

lock: $(READY)  ## renew both locks from pyproject.toml
	$(LOCK) --upgrade pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --group dev -c requirements.lock \
		-o requirements-dev.lock

clean:  ## remove what setup and the tests made
	rm -rf .venv .bench dist classroom/hub/node_modules docs/_build \
		.ruff_cache .pytest_cache .hypothesis .coverage* .mutants

#: Publish
site: $(READY)  ## build the course's web site into docs/_build/html
	@rm -rf docs/_build/html docs/_build/zh
	@$(SPHINX) -d docs/_build/doctrees/en . docs/_build/html
	@$(SPHINX) -t zh -d docs/_build/doctrees/zh . docs/_build/zh
	@mv docs/_build/zh docs/_build/html
	@# An index of both languages; a 404 page is nothing to find
	@$(RUN) pagefind --silent --site docs/_build/html --glob '**/[!4]*.html' \
		--root-selector article.bd-article --exclude-selectors .headerlink

site-serve: site  ## show the site on http://127.0.0.1:8000 (PORT=8001)
	@$(SERVER) --directory docs/_build/html $(or $(PORT),8000)

zip: $(READY)  ## the lessons and d2lutils in one file, which runs by itself
	@$(RUN) tools.pack dist

image:  ## a container of the course (ENGINE=podman)
	$(ENGINE) build --file container/Dockerfile --tag d2l-course \
		$(if $(BASE),--build-arg BASE='$(BASE)') .

release-notes: $(READY)  ## what CHANGELOG.md says of a version (VERSION=0.1.0)
	@$(RUN) tools.notes '$(VERSION)'

need-hw:
	@test -n "$(HW)" || { echo 'name an assignment: HW=hw2' >&2; exit 2; }

need-lesson:
	@test -n "$(NB)" || { echo 'name a lesson: make run NB=03' >&2; exit 2; }

$(READY): requirements-dev.lock apt.txt
	@'$(ANY)' -m tools.install --python '$(PYTHON)' --wheels '$(WHEELS)'

$(PROXY): classroom/hub/package-lock.json | $(READY)
	@command -v npm >/dev/null || { echo 'npm is missing, which installs' \
		"the hub's proxy: apt-get install nodejs npm" >&2; exit 1; }
	@echo "installing the hub's proxy into classroom/hub/node_modules"
	@cd classroom/hub && npm ci --loglevel=error --engine-strict \
		--ignore-scripts --no-audit --no-fund >/dev/null
	@touch $@

# PyTorch only, to compare with: the course itself never needs it. Not locked:
# its CPU build has no place in a registry that a hash could name
.bench/ready: pyproject.toml
	@echo 'installing PyTorch into .bench, to compare with'
	@test -x .bench/bin/python || $(BIN)/python -m venv --clear .bench
	@.bench/bin/python -m pip install --quiet 'pip >=25.1'
	@.bench/bin/python -m pip install --quiet --group bench
	@touch $@
