# make help says what there is. Everything that is missing is brought by scripts/bootstrap, which is
# quick when nothing is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := build
.PHONY: help build run test lint format install bench-cost clean

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
# The application and its options for `make run`; ARGS adds options.
APP ?= examples/multi_route_app.py
RUN ?= --mode threads --python 3.14t --host 127.0.0.1 --port 8000
export JOBS

help: ## what there is
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

build: ## the release build: build/turbo and a worker for each interpreter
	@scripts/bootstrap
	scripts/lib/build release

run: ## build, and serve an example on http://127.0.0.1:8000 (APP=file ARGS='more options')
	@scripts/bootstrap
	scripts/lib/build release programs
	exec build/turbo run $(APP) $(RUN) $(ARGS)

test: ## unit, Python and integration tests, and the sanitizers (SUITES='unit …' for some)
	@scripts/bootstrap test
	scripts/lib/test $(SUITES)

lint: ## what CI holds a change to: formatting, clang-tidy, ruff, mypy, shellcheck, length of files
	@scripts/bootstrap lint
	scripts/lint

format: ## format C++ and Python in place
	@scripts/bootstrap lint
	scripts/format

install: build ## install below PREFIX (default /usr/local)
	@cmake --install build --prefix "$(PREFIX)"

bench-cost: ## what one request costs, in an interleaved run (ARGS='options')
	@scripts/bootstrap bench
	scripts/lib/build release
	exec bench/cost $(ARGS)

clean: ## remove what was built here; interpreters and libraries stay in the cache
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis
