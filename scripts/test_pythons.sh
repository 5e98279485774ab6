#!/usr/bin/env bash
# The tests of the engine and of the API on every other Python 3.11+ that is installed. Arguments
# are handed to pytest in place of those folders.
# Each gets a virtual environment of its own, .venv-3.NN, with what the tests import.
set -euo pipefail
cd "$(dirname "$0")/.."

own=$(.venv/bin/python -c 'import sys; print("3.%d" % sys.version_info[1])')
tests=("$@")
if (($# == 0)); then
  tests=(tests/blocks tests/runtime tests/compiler tests/ecmascript tests/jsapi)
fi
found=0
status=0
for version in 3.11 3.12 3.13 3.14; do
  [[ $version == "$own" ]] && continue
  python=$(.venv/bin/python scripts/pythons.py "$version") || continue
  found=$((found + 1))
  echo "pyjsapi: tests on Python $version"
  venv=.venv-$version
  [[ -x $venv/bin/pip ]] || "$python" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check \
    pytest==9.2.0 pytest-randomly==5.1.0 pytest-timeout==2.4.0 pytest-xdist==3.8.0 numpy==2.4.6 \
    wasmtime==50.0.1
  "$venv/bin/pip" install --quiet --disable-pip-version-check --editable .
  "$venv/bin/python" -m pytest -q -n 2 "${tests[@]}" || status=1
done
if ((found == 0)); then
  echo "pyjsapi: no other Python from 3.11 on is installed: nothing to test"
fi
exit $status
