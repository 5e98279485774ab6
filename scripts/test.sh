#!/usr/bin/env bash
# Every test, in random order: the package's own (with those inside Pyodide), then the page in the browsers.
# Those marked `long` or `again` are left out. SEED repeats an order.
# Arguments are handed to pytest for the package's own tests, and leave the browsers out.
set -euo pipefail
cd "$(dirname "$0")/.."
seed=${SEED:-$((RANDOM << 15 | RANDOM))}
pytest=(.venv/bin/python -m pytest --randomly-seed="$seed")

echo "pyjsapi: tests in random order, seed $seed (the same again: make test SEED=$seed)"
if (($#)); then
  exec "${pytest[@]}" "$@"
fi

status=0
"${pytest[@]}" tests -q -m "not long" -n 2 --dist loadgroup --durations 10 || status=1
"${pytest[@]}" playwright -q -m "not long and not again" -n 2 --dist loadgroup || status=1
if ((status)); then
  echo "pyjsapi: tests failed with seed $seed" >&2
  echo "  all in the same order:  make test SEED=$seed" >&2
  echo "  one file or test:       SEED=$seed scripts/test.sh FILE[::TEST]" >&2
fi
exit $status
