# What people and CI run. Every target makes .venv where there is none; the stamps in it make the second call quick.

PYTHON    ?= python3.11
BIN       := .venv/bin
PIP       := $(BIN)/python -m pip install --quiet --disable-pip-version-check
INSTALL   := $(PIP) --no-build-isolation
SANITIZED := tests/test_engine.py tests/test_engine_glyphs.py tests/test_network.py tests/learning/test_loop.py
SOURCES   := pyproject.toml CMakeLists.txt $(shell find engine src/lenet -type f -not -name '*.pyc')

.PHONY: demo test slow check sanitize docs stub weights bench peers clean

demo: .venv/user.stamp          ## read the example pictures, train LeNet-5 from nothing, read again
	$(BIN)/python examples/demo.py

test: .venv/dev.stamp           ## the tests, without the slow ones; those of the torch bridge run where torch is installed
	$(BIN)/python -m pytest -m "not slow"

slow: .venv/dev.stamp           ## the slow tests
	$(BIN)/python -m pytest -m slow || [ $$? -eq 5 ]  # 5: there are none

check: .venv/dev.stamp          ## style, types and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The tests that reach the engine, on an engine that stops at the first wrong access or undefined behaviour.
sanitize: .venv/dev.stamp       ## the engine under the address and undefined-behaviour sanitizers
	$(INSTALL) --no-deps --upgrade --target build/sanitized --config-settings cmake.define.LENET_SANITIZE=ON \
	  --config-settings build-dir=build/sanitize .
	LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libubsan.so)" ASAN_OPTIONS=detect_leaks=0 \
	  PYTHONPATH=build/sanitized $(BIN)/python -m pytest -m "not slow" $(SANITIZED)

docs: .venv/dev.stamp           ## write docs/api.md anew from the docstrings
	$(BIN)/python docs/make_api.py

stub: .venv/dev.stamp           ## take over what types see of the engine, after a change of its bindings
	cp build/cp3*/_engine.pyi src/lenet/_engine.pyi

weights: .venv/dev.stamp        ## make the shipped weights anew: teacher, five seeds, temperature, card
	$(BIN)/python -m benchmarks.weights build/weights

bench: .peers/peers.stamp       ## measure against the peers, and write the README's table of figures
	.peers/bin/python -m benchmarks

peers: .peers/peers.stamp       ## install what the benchmark compares with, and lenet beside it

clean:                          ## remove what the other targets made
	rm -rf .venv .peers build

$(BIN)/python:
	$(PYTHON) -m venv .venv

# The tools that build the engine stay in .venv, so that a change compiles only what it touches.
.venv/build.stamp: | $(BIN)/python
	$(PIP) cmake nanobind ninja scikit-build-core
	@touch $@

.venv/user.stamp: .venv/build.stamp $(SOURCES)
	$(INSTALL) ".[sklearn]"
	@touch $@

.venv/dev.stamp: .venv/build.stamp $(SOURCES)
	$(INSTALL) ".[dev]"
	@touch $@ .venv/user.stamp

.peers/peers.stamp: benchmarks/peers/requirements.txt $(SOURCES)
	[ -x .peers/bin/python ] || $(PYTHON) -m venv .peers
	.peers/bin/python -m pip install --quiet --disable-pip-version-check -r $< ".[onnx]"
	@touch $@
