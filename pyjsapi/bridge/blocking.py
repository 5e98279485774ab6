"""Whether this thread of JavaScript may block, which only trying can tell."""

from __future__ import annotations


def may_block() -> bool:
    """Whether ``Atomics.wait`` works: in workers that can share memory, whoever started them, and not in a page.

    The main thread of Node counts as one that must not block: what a worker sends arrives there between tasks only.
    """
    import js
    from pyodide.ffi import JsException

    if not hasattr(js, "SharedArrayBuffer") or _is_main_thread_of_node():
        return False
    try:
        js.Atomics.wait(js.Int32Array.new(js.SharedArrayBuffer.new(4)), 0, 0, 0)
    except JsException:
        return False
    return True


def _is_main_thread_of_node() -> bool:
    import js

    builtin = getattr(getattr(js, "process", None), "getBuiltinModule", None)
    threads = builtin("node:worker_threads") if builtin is not None else None
    return threads is not None and bool(threads.isMainThread)
