# Both `make demo` and `make test` set everything up themselves; they need python3 >= 3.11 with pip, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
FRAMEWORKS := $(VENV)/.frameworks

.PHONY: setup browser demo test test-all lint bench docs docs-serve sessions clean

setup: $(STAMP) $(FRAMEWORKS)

# The layout library of the page of `lint --html` comes from npm's registry; without npm the page uses its own plain layout.
# The TensorRT-RTX wheels name CUDA packages that only running an engine needs; --no-deps leaves them out.
$(STAMP): pyproject.toml tools/layout_library.json
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[openvino,tract,coreml,dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  tensorrt-rtx-cu12-bindings==1.7.1.116 tensorrt-rtx-cu12-libs==1.7.1.116
	$(BIN)/python tools/layout_library.py
	$(BIN)/python -m compileall -q graphfix
	touch $@

# PyTorch and TensorFlow are large, and the demo does without. All extras are named again, so that pip keeps them together.
$(FRAMEWORKS): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  -e '.[openvino,tract,coreml,torch,tensorflow,dev]' torch==2.13.0
	touch $@

demo: $(STAMP)
	$(BIN)/python fixtures/demo/demo.py

# The page of `graphfix table` is tested in Chromium. Where it is missing it is fetched if we may; else its tests say why
# they are skipped.
browser:
	@for name in "$$GRAPHFIX_CHROMIUM" chromium chromium-browser google-chrome google-chrome-stable; do \
	  command -v "$$name" >/dev/null && exit 0; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  export DEBIAN_FRONTEND=noninteractive; \
	  { timeout 120 apt-get update -qq; \
	    timeout 600 apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 </dev/null || true; \
	fi

test: setup browser
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto --dist loadfile

# The tests of `make test` and those marked exhaustive: every probe of every operator, every example on the slowest compiler.
test-all: setup browser
	$(BIN)/python -m pytest -n auto --dist loadfile -m ""

bench: $(STAMP)
	$(BIN)/python tests/bench/bench.py $$($(BIN)/python fixtures/demo/fetch.py silero_vad)

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

docs-serve: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

# Runs the commands that the README and the site show, writes their output into these files, and draws docs/session.svg anew.
# Compilers or frameworks that are missing leave a block as it is.
sessions: setup
	$(BIN)/python docs/sessions.py
	$(BIN)/python docs/terminal.py

clean:
	rm -rf $(VENV) build
