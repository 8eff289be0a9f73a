# What people and CI run. Every target makes .venv where there is none; the stamps in it make the second call quick.

PYTHON    ?= python3.11
BIN       := .venv/bin
PIP       := $(BIN)/python -m pip install --quiet --disable-pip-version-check
INSTALL   := $(PIP) --no-build-isolation
SANITIZED := tests/test_engine.py tests/test_engine_descriptions.py tests/test_engine_glyphs.py tests/test_engine_pieces.py tests/documents/test_fields.py tests/documents/test_cuts.py tests/graphs tests/test_trellis.py tests/test_trellis_limits.py
SOURCES   := pyproject.toml CMakeLists.txt $(shell find engine src/lenet -type f -not -name '*.pyc')

.PHONY: demo test slow check sanitize docs stub weights bench peers clean

demo: .venv/user.stamp          ## read the example pictures, train LeNet-5 from nothing, read again
	$(BIN)/python examples/demo.py

test: .venv/dev.stamp           ## the tests, without the slow ones; those of torch, Ray, Spark and Dask run where these are
	$(BIN)/python -m pytest -m "not slow"

slow: .venv/dev.stamp           ## the slow tests
	$(BIN)/python -m pytest -m slow || [ $$? -eq 5 ]  # 5: there are none

check: .venv/dev.stamp          ## style, types and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The engine's tests on an engine that stops at the first wrong access or undefined behaviour, for every build this
# machine runs. -S: an editable install's import hook would put the ordinary engine first.
sanitize: .venv/dev.stamp       ## the engine under the address and undefined-behaviour sanitizers (g++)
	$(BIN)/cmake -S . -B build/sanitize -G Ninja -DLENET_SANITIZE=ON -DCMAKE_CXX_COMPILER=g++ \
	  -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python \
	  -Dnanobind_DIR=$$($(BIN)/python -m nanobind --cmake_dir)
	$(BIN)/cmake --build build/sanitize
	rm -rf build/sanitized && mkdir build/sanitized && cp -r src/lenet build/sanitized/
	rm -f build/sanitized/lenet/_engine*.so && cp build/sanitize/_engine*.so build/sanitized/lenet/
	site=$$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))"); \
	for build in $$($(BIN)/python -c "from lenet import _engine; print(*_engine.processors())"); do \
	  LD_PRELOAD="$$(g++ -print-file-name=libasan.so) $$(g++ -print-file-name=libubsan.so)" \
	  ASAN_OPTIONS=detect_leaks=0 LENET_PROCESSOR=$$build PYTHONPATH=$(CURDIR)/build/sanitized:$$site \
	  $(BIN)/python -S -c "import sys, pytest; from lenet import _engine as e; assert 'sanitized' in e.__file__, e.__file__; \
	  sys.exit(pytest.main(['-q', '-m', 'not slow', *sys.argv[1:]]))" $(SANITIZED) || exit 1; \
	done

docs: .venv/docs.stamp          ## write docs/api.md anew from the docstrings, and the site into build/site
	$(BIN)/python docs/make_api.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

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

.venv/docs.stamp: docs/requirements.txt .venv/dev.stamp
	$(PIP) -r $<
	@touch $@

.peers/peers.stamp: benchmarks/peers/requirements.txt $(SOURCES)
	[ -x .peers/bin/python ] || $(PYTHON) -m venv .peers
	.peers/bin/python -m pip install --quiet --disable-pip-version-check -r $< ".[onnx,serve]"
	@touch $@
