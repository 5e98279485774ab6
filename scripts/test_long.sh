#!/usr/bin/env bash
# What `make test` leaves out: the tests marked `long`, and a share of the fuzzing with fixed seeds.
# --without-programs leaves out the real programs in every way of translation and the second browser, which take longest.
set -euo pipefail
cd "$(dirname "$0")/.."

chosen=(tests)
pages="long or again"
if [[ ${1:-} == --without-programs ]]; then
  chosen+=(--ignore=tests/real)
  pages="long and not again"
fi
.venv/bin/python scripts/setup.py pytest-pyodide notebooks hosts
status=0
.venv/bin/python -m pytest "${chosen[@]}" -q -m long -n 2 --dist loadgroup --durations 10 || status=1
.venv/bin/python -m pytest playwright -q -m "$pages" -n 2 --dist loadgroup --durations 10 || status=1
.venv/bin/python -m fuzz --share || status=1
exit $status
