# The development environment and everything that is run in it. Needs make, and a Python of 3.11 or later
# with its venv module; `make PYTHON=python3.12 test` names another one. Nothing is installed outside .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The name of the stamp tells what the environment was made from: the locks, pyproject.toml, the interpreter,
# and this folder, because scripts in an environment name it. Another name than yesterday's: made anew.
MADE_FROM := requirements/dev.txt requirements/uv.txt pyproject.toml
STAMP := $(VENV)/made-from-$(shell { cat $(MADE_FROM); pwd; $(PYTHON) -VV; } 2>/dev/null | cksum | cut -d ' ' -f 1)

help:
	@echo 'make demo   the gateway with made-up customers, a mail sink and a phone (DEMO="…": its options)'
	@echo 'make test   all tests (TESTS="…": only these, or options of pytest)'
	@echo 'make lint   style, types and import contracts'
	@echo 'make lock   remakes requirements/ from pyproject.toml (LOCK=--upgrade: with the newest versions)'
	@echo 'make wheel  builds dist/*.whl'
	@echo 'make clean  removes the environment and everything that was built'

demo: $(STAMP)
	@exec $(BIN)/intake demo $(DEMO)

test: $(STAMP)
	@$(BIN)/python -m pytest $(TESTS)

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

wheel: $(STAMP)
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t wheel

# The versions for everyone are decided here. A lock that exists is kept as far as pyproject.toml allows.
COMPILE = $(UV_SETTINGS) UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes $(LOCK)

lock: $(STAMP)
	@test -x $(BIN)/uv || { echo 'make lock needs uv, and pip could not install it here' >&2; exit 1; }
	@echo 'Locking the versions in requirements/ …'
	@$(COMPILE) pyproject.toml --extra postgresql -o requirements/runtime.txt
	@$(COMPILE) pyproject.toml --extra dev -c requirements/runtime.txt -o requirements/dev.txt
	@echo uv | { $(COMPILE) --no-annotate - -o requirements/uv.txt; }

environment: $(STAMP)

clean:
	rm -rf $(VENV) build dist .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo test lint wheel lock environment clean

# uv reads neither pip.conf nor PIP_*, so it is told what pip knows of the index. It installs in seconds, pip in
# a minute; whatever keeps uv from its work (no wheel for this machine, a proxy, a certificate), pip does it.
pip_setting = $$($(BIN)/pip config list 2>/dev/null | sed -n "s/^[^=]*\.$(1)='\(.*\)'$$/\1/p" | head -n 1)
UV_SETTINGS = index=$(call pip_setting,index-url); cert=$(call pip_setting,cert); \
	[ -z "$$index" ] || export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$index}"; \
	[ -z "$$cert" ] || export SSL_CERT_FILE="$${SSL_CERT_FILE:-$$cert}"; \
	export UV_HTTP_TIMEOUT="$${UV_HTTP_TIMEOUT:-120}";
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-input
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
LOCKED := --require-hashes -r requirements/dev.txt
OURS := --no-deps --no-build-isolation -e .

$(STAMP):
	@$(PYTHON) -c '' || { echo 'No Python: apt install python3 python3-venv, or name one: make PYTHON=…' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; sys.version_info >= (3, 11) or sys.exit( \
		"$(PYTHON) is Python " + v + ", needed is 3.11 or later; name one: make PYTHON=python3.11 …")'
	@$(PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; import importlib.util as u; \
		all(map(u.find_spec, ("venv", "ensurepip"))) or sys.exit( \
		"$(PYTHON) has no venv module: apt install python" + v + "-venv")'
	@echo "Making the environment in $(VENV) with $$($(PYTHON) -V) …"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(UV_SETTINGS) \
	if { $(PIP) --require-hashes -r requirements/uv.txt && $(UV) $(LOCKED) && $(UV) $(OURS); } >$(VENV)/uv.log 2>&1; \
	then echo 'Installed requirements/dev.txt and this checkout, with uv.'; \
	else echo 'uv is of no use here (why: $(VENV)/uv.log); installing with pip, which takes about a minute …'; \
	$(PIP) $(LOCKED) && $(PIP) $(OURS) && echo 'Installed requirements/dev.txt and this checkout, with pip.'; fi
	@touch $@
