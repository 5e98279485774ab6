#!/usr/bin/env bash
# The static checks. With a name only that one: ruff, mypy, imports, javascript, types, lockfile, docs.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

check_ruff() { "$bin/ruff" check --quiet --output-format concise .; }
check_mypy() { "$bin/mypy"; }
check_imports() { "$bin/lint-imports" --no-cache; }
check_javascript() { node_modules/.bin/biome check --error-on-warnings --colors=off .; }
check_types() {
  node node_modules/typescript/bin/tsc --project tsconfig.json && node node_modules/typescript/bin/tsc --project polyfill
}
# A lock file that names download addresses works only where they are reachable.
check_lockfile() { ! grep -n '"resolved"' package-lock.json fuzz/package-lock.json tests/bundlers/package-lock.json tests/hosts/package-lock.json; }
check_docs() { bash scripts/docs.sh; }

status=0
for name in "${@:-ruff mypy imports javascript types lockfile docs}"; do
  for check in $name; do
    if output=$("check_$check" 2>&1); then
      echo "$check: clean"
    else
      printf "%s\n" "$output"
      echo "$check: FAILED" >&2
      status=1
    fi
  done
done
exit $status
