#!/usr/bin/env bash
# Every test: the package's own (with those inside Pyodide), then the page in both browsers.
# Those marked `long` are left out. Arguments are handed to pytest for the package's own tests, and leave the browsers out.
set -euo pipefail
cd "$(dirname "$0")/.."
pytest=(.venv/bin/python -m pytest)

if (($#)); then
  exec "${pytest[@]}" "$@"
fi

status=0
"${pytest[@]}" tests -q -m "not long" -n 2 --dist loadgroup --durations 10 || status=1
"${pytest[@]}" playwright -q || status=1
exit $status
