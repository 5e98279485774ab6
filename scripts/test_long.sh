#!/usr/bin/env bash
# What `make test` leaves out: the tests marked `long`, and a share of the fuzzing with fixed seeds.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
.venv/bin/python -m pytest tests -q -m long -n 2 --dist loadgroup --durations 10 || status=1
.venv/bin/python -m fuzz --share || status=1
exit $status
