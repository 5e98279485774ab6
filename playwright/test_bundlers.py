"""Production bundles of the packed JavaScript package, in browsers: pyjsapi lowers modules there, in a worker."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from web import bundles
from web.engines import Read
from web.serve import serving

WORKERS = {"vite": r"/assets/lowering-worker-[\w-]+\.js$", "webpack": r"/\d+\.js$"}
"""The worker that is started: of the others none has a file, and it comes from a blob."""

pytestmark = pytest.mark.long


@pytest.mark.parametrize("bundler", bundles.COMMANDS)
def test_a_bundle_lowers_in_a_worker(
    reader: tuple[str, Read], bundled: Callable[[str], Path], bundler: str
) -> None:
    """In WebKit, which has one memory per module, by what ``auto`` does; elsewhere by what always lowers."""
    name, read = reader
    namespace = "global" if name == "webkit" else "implementation"
    with serving(bundled(bundler), headers={}) as url:
        outcome = read(bundles.address(url, namespace))
    assert outcome.get("answer") == 42, outcome
    assert outcome["errors"] == []
    (worker,) = outcome["workers"]
    assert re.search(WORKERS.get(bundler, "^blob:"), worker)
    assert bundles.loaded_here(outcome) == []


@pytest.mark.parametrize("bundler", bundles.COMMANDS)
def test_a_bundle_has_the_namespace_of_python(
    reader: tuple[str, Read], bundled: Callable[[str], Path], bundler: str
) -> None:
    _, read = reader
    with serving(bundled(bundler), headers={}) as url:
        outcome = read(bundles.address(url, "python"))
    assert outcome.get("answer") == 42, outcome
    assert (outcome["errors"], outcome["workers"]) == ([], [])
