#!/usr/bin/env bash
# Build what the tests, the page and users need: the real modules, the Pyodide distribution, the packed JavaScript package.
# Each step is skipped when nothing it depends on changed.
set -euo pipefail
cd "$(dirname "$0")/.."

.venv/bin/python -m real.build
.venv/bin/python -m real.packages --install
.venv/bin/python scripts/build_pyodide.py
.venv/bin/python scripts/pack_polyfill.py
