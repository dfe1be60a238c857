# Every command of the course; `make` alone lists them
SHELL := /bin/sh
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/ready
JOBS ?= 2
ENGINE ?= docker
CLASS ?= classroom/class
LESSONS := $(if $(NB),$(wildcard notebooks/$(NB)*.ipynb \
	notebooks/solutions/$(NB)*.ipynb),notebooks)
# nbval runs each notebook in a kernel of its own, JOBS notebooks at a time
NBVAL := $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile \
	--no-loadscope-reorder -p no:cacheprovider \
	--nbval-current-env --nbval-cell-timeout=240 \
	--nbval-kernel-startup-timeout=120 \
	--nbval-sanitize-with=tests/sanitize.cfg
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup check lab test run outputs ledger bench lint unit \
	strict placement gpu validate release submissions grade points hub \
	test-classroom site site-serve test-web \
	zip image release-notes \
	lock clean need-lesson need-hw

help:  ## list these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-15s %s\n", $$1, $$2}' \
		Makefile

setup: $(READY)  ## install everything into .venv; nothing when it is there

check:  ## say what this machine lacks for the course
	@python3 tools/check.py $(PYTHON)

lab: $(READY)  ## open JupyterLab on the lessons (PORT=8890)
	@exec $(BIN)/python tools/lab.py

ifeq ($(DEVICE),gpu)
test: lint gpu  ## run every check (NB=04: one lesson; DEVICE=gpu: on a GPU)
else
test: lint $(if $(NB),,unit) strict placement
endif

run: $(READY) need-lesson  ## run a lesson in the shell: make run NB=03
	@$(BIN)/python tools/run.py $(NB)

outputs: $(READY) need-lesson  ## run a lesson and store its outputs: NB=03
	@$(BIN)/python tools/run.py --save $(NB)

ledger: $(READY)  ## run all that the sources report; half an hour
	@$(BIN)/python tools/ledger.py

bench: $(READY) .bench/ready  ## measure speed and memory (ONLY=reading)
	@$(BIN)/python benchmarks/bench.py $(ONLY)

lint: $(READY)  ## ruff on code and notebooks
	$(BIN)/ruff check --quiet

unit: $(READY)  ## tests of d2lutils, of the notebooks' form, of the checks
	$(BIN)/python -m pytest -q -n $(JOBS) --cov=d2lutils --cov-fail-under=95 \
		--ignore=tests/classroom --ignore=tests/web tests

strict: $(READY)  ## every notebook gives its stored outputs
	$(NBVAL) --nbval $(LESSONS)

placement: $(READY)  ## every notebook keeps its arrays on one device
	D2L_DEVICE='cpu(1)' D2L_STRICT_DEVICE=1 $(NBVAL) --nbval-lax $(LESSONS)

gpu: $(READY)  ## every notebook runs on the first GPU
	D2L_DEVICE='gpu(0)' $(NBVAL) --nbval-lax $(LESSONS)

validate: $(READY) need-hw  ## students: run an assignment's checks (HW=hw2)
	@$(BIN)/python classroom/validate.py $(HW) '$(FILE)'

release: $(READY) need-hw  ## teachers: the students' version (HW=hw2)
	@$(BIN)/python classroom/release.py $(HW) --class '$(CLASS)'

submissions: $(READY) need-hw  ## teachers: unpack what came back (ZIP=x.zip)
	@CLASS='$(CLASS)' $(BIN)/python classroom/intake.py $(HW) '$(ZIP)'

grade: $(READY) need-hw  ## teachers: grade what has changed
	@$(BIN)/python classroom/grade.py $(HW) --class '$(CLASS)' \
		$(if $(UNSAFE),--unsafe) $(if $(DASK),--scheduler '$(DASK)')

points: $(READY)  ## teachers: give points to texts, in the browser
	@exec $(BIN)/python classroom/points.py '$(CLASS)'

hub: $(READY)  ## a JupyterHub on this machine, to look at: a demo only
	@exec sh classroom/hub/start.sh

test-classroom: $(READY)  ## assignments, sandbox and grading, for real
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile tests/classroom

site: $(READY)  ## build the course's web site into site/_build/html
	@$(BIN)/python site/pages.py
	@$(BIN)/python -m sphinx -q -W --keep-going -E -j auto -c site \
		-d site/_build/doctrees site/_build/source site/_build/html

site-serve: site  ## show the site on http://127.0.0.1:8000 (PORT=8001)
	@$(BIN)/python -m http.server --bind 127.0.0.1 \
		--directory site/_build/html $(or $(PORT),8000)

test-web: site  ## the site and JupyterLab in a browser
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal tests/web

zip:  ## the lessons and d2lutils in one file, which runs by itself
	@$(PYTHON) tools/pack.py dist

image:  ## a container of the course (ENGINE=podman)
	$(ENGINE) build --file container/Dockerfile --tag d2l-course \
		$(if $(BASE),--build-arg BASE='$(BASE)') .

release-notes:  ## what CHANGELOG.md says of a version (VERSION=0.1.0)
	@$(PYTHON) tools/notes.py '$(VERSION)'

lock: $(READY)  ## renew both locks from pyproject.toml
	$(LOCK) --upgrade pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --group dev -c requirements.lock \
		-o requirements-dev.lock

clean:  ## remove what setup and the tests made
	rm -rf .venv .bench dist classroom/hub/node_modules site/_build .ruff_cache .pytest_cache .hypothesis .coverage*

need-hw:
	@test -n "$(HW)" || { echo 'name an assignment: HW=hw2' >&2; exit 2; }

need-lesson:
	@test -n "$(NB)" || { echo 'name a lesson: make run NB=03' >&2; exit 2; }

$(READY): requirements-dev.lock apt.txt
	@python3 tools/check.py $(PYTHON)
	@test -x $(BIN)/python || $(PYTHON) -m venv --clear .venv
	@echo 'installing the locked packages into .venv'
	@awk '/^uv==/{p=1} p; p && !/\\$$/{exit}' requirements-dev.lock \
		>.venv/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --require-hashes -r .venv/uv.lock
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python \
		requirements-dev.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation \
		--python $(BIN)/python --editable .
	@# JupyterLab would ask at its start whether to fetch news, and show
	@# a learner nbgrader's menus, which look for folders outside
	@$(BIN)/python -m jupyterlab.labextensions disable --level=sys_prefix \
		@jupyterlab/apputils-extension:announcements >/dev/null 2>&1
	@$(BIN)/python -m jupyterlab.labextensions disable --level=sys_prefix \
		@jupyter/nbgrader >/dev/null 2>&1
	@rm -f .venv/etc/jupyter/jupyter_server_config.d/nbgrader.json
	@sh tools/system_libs.sh $(BIN)/python
	@$(BIN)/python -c 'import mxnet'
	@touch $@

# PyTorch only, to compare with: the course itself never needs it. Not locked:
# its CPU build has no place in a registry that a hash could name
.bench/ready: pyproject.toml
	@echo 'installing PyTorch into .bench, to compare with'
	@test -x .bench/bin/python || $(PYTHON) -m venv --clear .bench
	@.bench/bin/python -m pip install --quiet 'pip >=25.1'
	@.bench/bin/python -m pip install --quiet --group bench
	@touch $@
