# LidarScope: the two commands are `make demo` and `make test`. Both set everything up first;
# once that is done they start at once.

PYTHON := .venv/bin/python

.PHONY: help demo test lint format bench tour clean

help:
	@echo "make demo    set everything up and open the built-in demo drive"
	@echo "make test    set everything up and run the whole test suite"
	@echo "make lint    ruff, types and import contracts"
	@echo "make bench   every program of benchmarks/, ours and the peers'"
	@echo "make format  ruff's formatter"
	@echo "make clean   remove the environment and everything made"

# With no screen the guided tour drives an off-screen window instead and says where its pictures are.
demo:
	@sh scripts/setup.sh app
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
		$(PYTHON) main.py demo; \
	else \
		echo "No screen here: the guided tour drives an off-screen window on the demo drive."; \
		$(PYTHON) main.py tour demo --out out/tour; \
	fi

test:
	@sh scripts/setup.sh dev
	@$(PYTHON) -m pytest -n 2

lint:
	@sh scripts/setup.sh dev
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports --no-cache

format:
	@sh scripts/setup.sh dev
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

bench:
	@sh scripts/setup.sh app
	@$(PYTHON) main.py bench all

clean:
	rm -rf .venv out .mypy_cache .ruff_cache .pytest_cache .hypothesis
