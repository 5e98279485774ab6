#!/usr/bin/env bash
# The tests of the engine and of the API on every other Python 3.11+ that is installed.
# Each gets a virtual environment of its own, .venv-3.NN, with pytest alone.
set -euo pipefail
cd "$(dirname "$0")/.."

own=$(.venv/bin/python -c 'import sys; print("3.%d" % sys.version_info[1])')
found=0
status=0
for version in 3.11 3.12 3.13 3.14; do
  [[ $version == "$own" ]] && continue
  python=
  for candidate in "$(command -v "python$version" || true)" \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
    if [[ -x $candidate ]] && "$candidate" -c 'import ensurepip' 2>/dev/null; then
      python=$candidate
      break
    fi
  done
  [[ -z $python ]] && continue
  found=$((found + 1))
  echo "pyjsapi: tests on Python $version"
  venv=.venv-$version
  if [[ ! -x $venv/bin/pytest ]]; then
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
      pytest==9.2.0 pytest-timeout==2.4.0 pytest-xdist==3.8.0 hypothesis==6.170.15 numpy==2.4.6
    "$venv/bin/pip" install --quiet --disable-pip-version-check --editable .
  fi
  "$venv/bin/python" -m pytest -q -n 2 \
    --ignore tests/pyodide --ignore tests/project --ignore tests/real "$@" || status=1
done
if ((found == 0)); then
  echo "pyjsapi: no other Python from 3.11 on is installed: nothing to test"
fi
exit $status
