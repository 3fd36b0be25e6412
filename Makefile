# Developers' chores. The user's two commands are ./sawyer demo and ./sawyer test.
.DEFAULT_GOAL := help
.PHONY: help setup lint format types imports test test-ros results lock colcon clean

help:  ## list the chores
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup:  ## make or refresh .venv
	./sawyer setup

lint:  ## ruff: lint and format check
	./sawyer test --only lint

format:  ## ruff: repair what it can
	./sawyer format

types:  ## mypy strict on the libraries
	./sawyer test --only types

imports:  ## who may import whom
	./sawyer test --only imports

test:  ## everything, as CI does
	./sawyer test

test-ros:  ## launch-level tests only
	./sawyer test --only pytest -m ros

results:  ## make pictures, demo and the benchmarks of twin and graph again (some 15 minutes)
	./sawyer setup
	.venv/bin/python -m sawyer_sim.calibration_table --episodes 100 --seed 0 --out docs/results
	.venv/bin/python -m sawyer_sim.connector_pictures --out docs/results
	.venv/bin/python -m sawyer_sim.view_pictures --out docs/results
	.venv/bin/python -m sawyer_cli.dev.results docs/results

# Needs python3.10, python3.11 and python3.12; pip is upgraded first so that it resolves well.
lock:  ## write requirements-3.1x.lock from requirements.in
	@for v in 3.10 3.11 3.12; do \
	  d=$$(mktemp -d) && python$$v -m venv $$d && $$d/bin/python -m pip install -q -U pip && \
	  $$d/bin/python ros2_ws/src/sawyer_cli/sawyer_cli/dev/lock.py requirements.in || exit 1; \
	  rm -rf $$d; done

colcon:  ## build the ROS packages where ROS 2 is sourced
	cd ros2_ws && python3 -m colcon build --symlink-install

clean:  ## remove the environment and the caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
