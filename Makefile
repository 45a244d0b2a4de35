# Everything a newcomer, a developer and CI need. `make demo` and `make test` do all the set-up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MESMS := $(BIN)/mesms-gitops
# two cores here; more where there are more
WORKERS ?= 2

.PHONY: demo test check lint types walls unit prove bench schemas docs pictures record record-live clean

demo: $(VENV)/.demo                    ## the whole journey on the sandbox
	@$(MESMS) demo

test: $(VENV)/.dev $(VENV)/.node check unit  ## every check and test there is

check: lint types walls

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

walls: $(VENV)/.dev                    ## the walls between the rooms
	$(BIN)/lint-imports

unit: $(VENV)/.dev $(VENV)/.node
	@scripts/need-servers
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not long"

docs: $(VENV)/.dev                      ## write what commands print into the documents that show it
	$(BIN)/python scripts/refresh_docs.py

pictures: $(VENV)/.dev                  ## draw the terminal for the documents
	-@cd docs/samples/wrong && COLUMNS=80 FORCE_COLOR=1 ../../../$(MESMS) validate | \
		../../../$(BIN)/python ../../../scripts/picture.py ../../images/validate.svg "mesms-gitops validate"
	-@cd docs/samples/wrong && COLUMNS=80 FORCE_COLOR=1 ../../../$(MESMS) parts --recipients 12480 text.txt | \
		../../../$(BIN)/python ../../../scripts/picture.py ../../images/parts.svg "mesms-gitops parts"
	$(BIN)/python scripts/screenshots.py

prove: $(VENV)/.dev $(VENV)/.node      ## the long tests and the long proof; REPLAY=scenario:schedule plays one schedule
	@scripts/need-servers
	$(if $(REPLAY),,$(BIN)/pytest -n $(WORKERS) --dist worksteal -m long)
	$(BIN)/python -m tests.protocol.prove $(if $(REPLAY),--replay '$(REPLAY)')

nightly: $(VENV)/.dev                  ## every schedule of two events
	$(BIN)/python -m tests.protocol.prove --share 1

bench: $(VENV)/.dev                     ## the rows of docs/performance.md
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	$(BIN)/python -m benchmarks.start_up
	$(BIN)/python -m benchmarks.manifests
	$(BIN)/python -m benchmarks.upload
	$(BIN)/python -m benchmarks.audience
	$(BIN)/python -m benchmarks.personal
	$(BIN)/python -m benchmarks.plans
	$(BIN)/python -m benchmarks.state
	$(BIN)/python -m benchmarks.results
	$(BIN)/python -m benchmarks.report

schemas: $(VENV)/.dev                  ## write schemas/ anew from the models
	$(BIN)/python -m mesms_gitops.manifests.schema schemas

record: $(VENV)/.dev                   ## record the cassettes anew, against the sandbox
	$(BIN)/python tests/api/record.py

record-live: $(VENV)/.dev              ## opt-in: against a real account, read-only
	$(BIN)/python tests/api/record.py --live

$(VENV)/.made:
	@scripts/make-venv "$(PYTHON)" "$(VENV)"
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group test --group lint
	@touch $@ $(VENV)/.demo

# what tests drive that only npm has; without node those tests say so and are skipped, except in CI
$(VENV)/.node: $(VENV)/.made tests/node/package-lock.json
	@if command -v npm >/dev/null; then cd tests/node && npm ci --silent --no-progress; fi
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
