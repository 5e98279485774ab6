"""Logging of stores, so that what a module did can be undone (the Tangle use case of multi-memory)."""

from __future__ import annotations

from pyjsapi.binary.scan import Stop, scan
from pyjsapi.rewriting.units import Body, Edit, encode_all
from pyjsapi.syntax.module import op_of
from pyjsapi.tools.edited import EditedModule, read
from pyjsapi.tools.errors import ToolError
from pyjsapi.tools.store_edits import ALSO, HEAP_WRITES, StoreEdits
from pyjsapi.tools.store_log import MOST_PAGES, LogWriter
from pyjsapi.tools.store_rollback import Rollback


def instrument_stores(
    data: bytes,
    *,
    exact: bool = False,
    log_pages: int = MOST_PAGES,
    objects: bool = False,
    validate: bool = True,
) -> bytes:
    """The module ``data`` with a log of what it overwrites, in an added memory that is exported as ``tangle.log``.

    Three more exports use it: ``tangle.mark() -> i32`` gives a mark, ``tangle.rollback(mark)`` undoes what the instance
    did since, and ``tangle.forget()`` empties the log and makes all marks void. `mark`, `rollback` and `forget` call
    them. The module does what it did before; indices and exports stay what they are.

    In the log: every store to any memory (of numbers, vectors and lanes, atomic ones, ``memory.fill``, ``copy`` and
    ``init``), ``global.set``, every write to a table, and whether segments were dropped. A memory or table cannot
    shrink: after a rollback over ``grow`` the program is told the old size and gets the same pages again when it
    grows, but accesses to them do not trap meanwhile, and others see the real size.

    A store saves its block of 128 bytes (and the 16 after it), and a write to a global the global, if that was not done
    since the last mark: a rollback also takes back what the host or another instance wrote there in the meantime.
    ``exact`` saves just what each store overwrites, each time, which is slower; it is always so in shared memories.

    Not in the log: what the host, other instances and other threads write; what imported functions did; objects of the
    garbage collector. A module that writes such objects is refused unless ``objects`` says that they may stay as
    they are. A store for which the log has no room traps before anything is written: ``log_pages`` (of 64 KiB) is the
    most that it grows to.

    ``validate=False`` leaves out validation, for a module that is known to be valid. Raises `DecodeError` or
    `ValidationError` for a module that is not, and `ToolError` for one that cannot be instrumented.
    """
    if not 1 <= log_pages <= MOST_PAGES:
        raise ToolError(f"a log can have 1 to {MOST_PAGES} pages, not {log_pages}")
    edited = EditedModule(read(data, validate=validate))
    bodies = edited.bodies()
    first = edited.imported_functions
    stops = [_stops(body, first + k, objects) for k, body in enumerate(bodies)]
    edits = StoreEdits(edited, LogWriter(edited, log_pages), stops, exact=exact)
    for body, found in zip(bodies, stops, strict=True):
        for stop in found:
            replacement = edits.replacement(stop.instr, body)
            if replacement is not None:
                body.edits.append(Edit(stop.pos, stop.end, [encode_all(replacement)]))
    Rollback(edits).add()
    return edited.finish(bodies)


def _stops(body: Body, index: int, objects: bool) -> list[Stop]:
    """What may have to be replaced in a function."""
    found = list(scan(body.code, ALSO))
    for stop in found:
        if not objects and stop.instr[0] in HEAP_WRITES:
            raise ToolError(
                f"{op_of(stop.instr)} writes an object of the garbage collector, which a rollback cannot restore "
                "(objects=True accepts that)",
                funcidx=index,
                offset=stop.pos,
            )
    return found
