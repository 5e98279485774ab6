"""The worker's side of a Web Worker: what ``polyfill/python/workers/worker.mjs`` calls."""

from __future__ import annotations

import marshal
from typing import Any

from pyjsapi.agents.backend import Job
from pyjsapi.agents.scope import run_worker_async
from pyjsapi.bridge.memory import places
from pyjsapi.bridge.workers.link import WebLink


async def run(job: Any, post: Any, listen: Any, snapshot: Any = None) -> None:
    """Be the worker until it ends.

    ``listen`` is given what takes the messages; ``snapshot`` is what this worker started from, if it did, for its own.
    """
    from pyodide.ffi import create_proxy

    from pyjsapi.bridge.workers.backend import prepared

    if places.can_share():
        places.enable()
    if snapshot is not None:
        prepared(snapshot)
    link = WebLink(post, starter=False)
    listen(create_proxy(link.arrived))
    await run_worker_async(Job(*marshal.loads(job.to_bytes())), link)
