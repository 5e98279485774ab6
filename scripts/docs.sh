#!/usr/bin/env bash
# The documentation as pages, in build/docs or the folder that is named. Warnings are errors: links and headings that are
# not there, names that the reference cannot find, pages that nothing leads to.
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:-build/docs}

rm -rf "$output"
.venv/bin/python -m sphinx --builder html --conf-dir docs --doctree-dir "$output/.doctrees" \
  --fresh-env --fail-on-warning --keep-going --quiet . "$output"
rm -r "$output/.doctrees"
