"""Where a page of the packed JavaScript package may be: behind policies, on two origins, in workers of every kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from web import bundles
from web.engines import Read
from web.serve import serving

SELF = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'"
POLICY = {"Content-Security-Policy": SELF}
TRUSTED_TYPES = {"Content-Security-Policy": "require-trusted-types-for 'script'"}


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What esbuild makes where the workers' scripts are entries of their own."""
    folder = tmp_path_factory.mktemp("apart")
    bundles.make_project(folder)
    entries = "main.js kinds.js agent.js lowering=@pyjsapi/polyfill/worker"
    bundles.run_bundler(folder, f"esbuild {entries} --bundle --outdir=public")
    for name in ("main", "kinds"):
        page = (bundles.APP / "index.html").read_text("utf-8").replace("SCRIPT", f"{name}.js")
        (folder / "public" / f"{name}.html").write_text(page, "utf-8")
    (folder / "public" / "pyodide").symlink_to(bundles.distribution())
    return folder / "public"


@pytest.mark.long
@pytest.mark.parametrize("bundler", ["vite", "webpack"])
def test_a_package_of_another_origin(
    reader: tuple[str, Read], bundled: Callable[[str], Path], tmp_path: Path, bundler: str
) -> None:
    """The worker's file is there but may not be started: it comes from a blob, as where there is none."""
    _, read = reader
    dist = bundled(bundler)
    (script,) = (dist / "assets").glob("index-*.js") if bundler == "vite" else dist.glob("main.js")
    with (
        serving(dist, headers={"Access-Control-Allow-Origin": "*"}) as other,
        serving(tmp_path, headers={}) as url,
    ):
        page = (bundles.APP / "index.html").read_text("utf-8")
        source = f"{other}{script.relative_to(dist)}"
        (tmp_path / "index.html").write_text(page.replace("SCRIPT", source), "utf-8")
        (tmp_path / "watch.js").write_bytes((bundles.APP / "watch.js").read_bytes())
        outcome = read(bundles.address(url, "implementation", {"indexURL": f"{other}pyodide/"}))
    assert outcome.get("answer") == 42, outcome
    assert [worker.partition(":")[0] for worker in outcome["workers"]] == ["http", "blob"]
    assert outcome["errors"] == []
    assert bundles.loaded_here(outcome) == []


@pytest.mark.long
def test_a_pyodide_without_pyjsapi_takes_its_wheel(reader: tuple[str, Read], apart: Path) -> None:
    _, read = reader
    places = {
        "plain": bundles.ROOT / "node_modules" / "pyodide",
        "pyjsapi.whl": apart.parent / "node_modules" / "@pyjsapi" / "polyfill" / "pyjsapi.whl",
    }
    with serving(apart, headers={}, places=places) as url:
        options = {"indexURL": "plain/", "packageURL": "pyjsapi.whl"}
        outcome = read(bundles.address(f"{url}main.html", "implementation", options))
    assert outcome.get("answer") == 42, outcome
    assert outcome["errors"] == []


@pytest.mark.long
def test_a_strict_policy_where_the_worker_is_a_file(
    reader: tuple[str, Read], bundled: Callable[[str], Path]
) -> None:
    _, read = reader
    with serving(bundled("vite"), headers=POLICY) as url:
        outcome = read(bundles.address(url, "implementation"))
    assert outcome.get("answer") == 42, outcome
    assert outcome["errors"] == []
    assert len(outcome["workers"]) == 1
    assert bundles.loaded_here(outcome) == []


@pytest.mark.long
def test_a_strict_policy_where_the_worker_is_named(reader: tuple[str, Read], apart: Path) -> None:
    _, read = reader
    with serving(apart, headers=POLICY) as url:
        page = bundles.address(f"{url}main.html", "implementation", {"workerURL": "lowering.js"})
        outcome = read(page)
    assert outcome.get("answer") == 42, outcome
    assert outcome["errors"] == []
    assert outcome["workers"] == [f"{url}lowering.js"]
    assert bundles.loaded_here(outcome) == []


@pytest.mark.long
@pytest.mark.parametrize("headers", [POLICY, TRUSTED_TYPES], ids=["strict", "trusted-types"])
def test_without_a_worker_the_page_lowers(
    reader: tuple[str, Read], apart: Path, headers: dict[str, str]
) -> None:
    _, read = reader
    with serving(apart, headers=headers) as url:
        outcome = read(bundles.address(f"{url}main.html", "implementation"))
    assert outcome.get("answer") == 42, outcome
    assert bundles.loaded_here(outcome) != []


def _kind(read: Read, url: str, kind: str, **more: Any) -> Any:
    return read(bundles.address(f"{url}kinds.html", "implementation", kind=kind, **more))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["dedicated", "shared"])
def test_workers_lower(reader: tuple[str, Read], apart: Path, kind: str) -> None:
    _, read = reader
    with serving(apart, headers={}) as url:
        outcome = _kind(read, url, kind, options={"cache": False, "indexURL": f"{url}pyodide/"})
    assert outcome == {"answer": 42}


def test_a_service_worker_says_what_it_cannot(reader: tuple[str, Read], apart: Path) -> None:
    _, read = reader
    with serving(apart, headers={}) as url:
        outcome = _kind(read, url, "service", options={"cache": False})
    assert outcome["failure"] == (
        "CompileError: WebAssembly.instantiate(): the module has several memories, this engine has one per module, "
        f"and pyjsapi, which would lower it, could not be loaded from {url}pyodide/: a service worker cannot load "
        "modules at run time. Lower the module ahead of time with `pyjsapi lower`, or let a page lower it before, "
        "which keeps the result for service workers, too"
    )


@pytest.mark.long
def test_a_service_worker_takes_what_a_page_has_kept(reader: tuple[str, Read], apart: Path) -> None:
    _, read = reader
    with serving(apart, headers={}) as url:
        outcome = _kind(read, url, "service", first=True, options={"indexURL": f"{url}pyodide/"})
    assert outcome == {"answer": 42}
