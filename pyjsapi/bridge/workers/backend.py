"""Workers of kind ``web``: Web Workers in pages, threads in Node, each with a Pyodide of its own."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import marshal
import zipfile
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final

from pyjsapi.agents.backend import Backend, Frame, Job
from pyjsapi.bridge.link.connection import is_possible, tools
from pyjsapi.bridge.memory import places
from pyjsapi.bridge.workers.link import WebLink, buffer_of

try:
    import pyodide_js
except ImportError:
    raise ImportError("they need Pyodide, in a page or in Node") from None


class WebBackend(Backend):
    """The starter's side."""

    kind: ClassVar[str] = "web"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._plain = job.plain()
        self._worker: Any = None
        self._ended = False
        self.link: WebLink = WebLink(self._send, starter=True)
        # A page without isolation can start workers too, but share nothing with them.
        if not places.is_enabled() and places.can_share() and is_possible():
            places.enable()

    def _send(self, data: Any, memories: Any) -> None:
        if not self._ended and self._worker is not None:
            self._worker.post(data, memories)

    def start(self) -> None:
        """See `Backend`."""
        from pyodide.ffi import create_proxy, to_js

        from pyjsapi.bridge.javascript_gen import SOURCE

        self._proxies = [create_proxy(self.link.arrived), create_proxy(self._over)]
        source: dict[str, Any]
        if _SNAPSHOTS:
            source = {"snapshot": _SNAPSHOTS[0]}
        else:
            source = {"indexURL": _index_url(), "archive": buffer_of(_package())}
        start = to_js(
            {
                **source,
                "files": [
                    [path, buffer_of(data)] for path, data in _files_of(self._plain[0]).items()
                ],
                "job": buffer_of(marshal.dumps(self._plain)),
            },
            dict_converter=_object_from_entries(),
        )
        self._worker = tools().startWorker(f"{SOURCE}.runWorker()", start, *self._proxies)

    def terminate(self) -> None:
        """See `Backend`."""
        if self._worker is not None:
            self._worker.terminate()

    def join(self, timeout: float | None = None) -> bool:
        """Whether it has ended. It cannot be waited for: whoever waits keeps the news from arriving."""
        return self._ended

    def _over(self, reason: str | None = None) -> None:
        if not self._ended:
            self._ended = True
            self.link.received(Frame("ended", 0, reason))
            # Not yet: JavaScript is calling one of them.
            asyncio.get_event_loop().call_soon(self._drop)

    def _drop(self) -> None:
        for proxy in self._proxies:
            proxy.destroy()
        self._worker = None


_SNAPSHOTS: Final[list[Any]] = []
"""The one that workers start from, if there is one."""


async def prepare() -> None:
    """Make what later workers start from: see `pyjsapi.javascript.prepare_workers`."""
    if not _SNAPSHOTS:
        prepared(await tools().snapshotOf(_index_url(), buffer_of(_package())))


def prepared(snapshot: Any) -> None:
    """Take a snapshot that was made here or elsewhere."""
    _SNAPSHOTS[:] = [snapshot]


def _object_from_entries() -> Any:
    import js

    return js.Object.fromEntries


def _index_url() -> str:
    url = str(pyodide_js._api.config.indexURL)
    return url if url.endswith("/") else f"{url}/"


@cache
def _package() -> bytes:
    """The package as it is here, as a zip file."""
    import pyjsapi

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in _content(pyjsapi.__loader__, Path(pyjsapi.__path__[0])):
            archive.writestr(f"pyjsapi/{name}", content)
    return data.getvalue()


def _content(loader: Any, root: Path) -> list[tuple[str, bytes]]:
    """The package's files, whatever they are: from a folder, or from the zip file that it is imported from."""
    archive = getattr(loader, "archive", None)
    if archive is not None:
        with zipfile.ZipFile(archive) as source:
            return [
                (name.removeprefix("pyjsapi/"), source.read(name))
                for name in source.namelist()
                if name.startswith("pyjsapi/") and not name.endswith("/")
            ]
    return [
        (path.relative_to(root).as_posix(), path.read_bytes())
        for path in root.rglob("*")
        if path.is_file() and not _is_cached(path)
    ]


def _is_cached(path: Path) -> bool:
    """Whether a file is bytecode beside its source, which may be of another Python."""
    return path.parent.name == "__pycache__"


def _files_of(target: str) -> dict[str, bytes]:
    """The program that a target names, by path: a script, or a module or package that is no part of Python's."""
    if target.endswith(".py"):
        path = Path(target)
        return {str(path.absolute()): path.read_bytes()} if path.exists() else {}
    top = target.partition(":")[0].partition(".")[0]
    spec = importlib.util.find_spec(top) if top != "pyjsapi" else None
    if spec is None or spec.origin is None or not Path(spec.origin).exists():
        return {}
    origin = Path(spec.origin)
    if any(part.startswith("python3") or part.endswith(".zip") for part in origin.parts):
        return {}
    modules = origin.parent.rglob("*.py*") if spec.submodule_search_locations else [origin]
    folder = origin.parents[1] if spec.submodule_search_locations else origin.parent
    return {
        f"/lib/pyjsapi_package/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in modules
        if path.suffix in (".py", ".pyc") and not _is_cached(path)
    }
