#!/usr/bin/env bash
# Build what the tests and the page need: the real modules and the Pyodide distribution.
# Each step is skipped when nothing it depends on changed.
set -euo pipefail
cd "$(dirname "$0")/.."

.venv/bin/python -m real.build
.venv/bin/python scripts/build_pyodide.py
