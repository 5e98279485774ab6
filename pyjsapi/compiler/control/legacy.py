"""The first form of exception handling, rewritten into the instructions of WebAssembly 3.0.

``try … catch $a A catch $b B end`` becomes, with blocks whose types are written out::

    block $end
      block $b                          ;; parameters of $b, exnref
        block $a                        ;; parameters of $a, exnref
          try_table (catch_ref $a) (catch_ref $b) … end
          br $end
        end
        local.set $exn  A  br $end
      end
      local.set $exn  B
    end

``rethrow`` is ``throw_ref`` of that local. ``delegate`` leaves to the start of the block that it names and throws
again from there: the parts of such a block are wrapped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from pyjsapi.compiler.control.tree import SIMPLE_BRANCHES, Types
from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import EXN, RefType, ref_type

EXNREF: Final[RefType] = ref_type(True, EXN)

_OP_OF: Final = itemgetter(0)
_OP: Final = BY_MNEMONIC
_TRY: Final = _OP["try"]
_CATCH: Final = _OP["catch"]
_CATCH_ALL: Final = _OP["catch_all"]
_DELEGATE: Final = _OP["delegate"]
_RETHROW: Final = _OP["rethrow"]
_TRY_TABLE: Final = _OP["try_table"]
_IF: Final = _OP["if"]
_ELSE: Final = _OP["else"]
_END: Final = _OP["end"]
_BR: Final = _OP["br"]
_BLOCK: Final = _OP["block"]
_BR_TABLE: Final = _OP["br_table"]
_THROW_REF: Final = _OP["throw_ref"].instr
_OPENING: Final = frozenset(op for op in _OP.values() if op.imm in (Imm.BLOCK, Imm.TRY_TABLE))

BlockTypes = Callable[[Any], tuple[Types, Types]]


class _Block:
    """A structured instruction of the body, and what becomes of it."""

    __slots__ = (
        "catches", "delegate", "delegated", "depth", "exn", "is_try", "params", "part", "results", "wrapped",
    )  # fmt: skip

    def __init__(self) -> None:
        self.is_try = False
        self.catches: list[int | None] = []
        """Tag indices of the clauses of a ``try``, ``None`` for ``catch_all``."""
        self.delegate: _Block | None = None
        self.delegated: set[int] = set()
        """Parts of the block that some ``delegate`` inside names."""
        self.params: Types = ()
        self.results: Types = ()
        self.depth = 0
        """Number of blocks around what is now inside, once it is open: the depth of its label."""
        self.part = 0
        """0, then the number of the ``catch``, or 1 after ``else``."""
        self.exn = -1
        """Local that holds the exception, in a catch."""
        self.wrapped = -1
        """Depth of the label from which what was delegated is thrown again."""


def is_legacy(body: Sequence[Instr]) -> bool:
    """Whether a body has instructions of the first form."""
    return _TRY in map(_OP_OF, body)


def _scan(body: Sequence[Instr]) -> dict[int, _Block]:
    """The blocks by the position where they begin, -1 for the function."""
    function = _Block()
    found = {-1: function}
    open_ = [function]
    for position, instr in enumerate(body):
        op = instr[0]
        if op in _OPENING:
            block = found[position] = _Block()
            block.is_try = op is _TRY
            open_.append(block)
        elif op is _ELSE:
            open_[-1].part = 1
        elif op is _CATCH or op is _CATCH_ALL:
            block = open_[-1]
            block.part += 1
            block.catches.append(instr[1] if op is _CATCH else None)
        elif op is _DELEGATE:
            block = open_.pop()
            target = open_[-1 - instr[1]]
            block.delegate = target
            target.delegated.add(target.part)
        elif op is _END:
            open_.pop()
    for block in found.values():
        block.part = 0
    return found


class Lowered(NamedTuple):
    """A body without instructions of the first form."""

    body: list[Instr]
    locals: int
    """How many locals of type exnref it has more."""
    starts: list[int]
    """For each instruction of the original, where in ``body`` what it became begins."""


class _Lowering:
    def __init__(
        self, results: Types, first_local: int, block_types: BlockTypes, tags: Sequence[Types]
    ) -> None:
        self.out: list[Instr] = []
        self.starts: list[int] = []
        self.depth = 0
        self.open: list[_Block] = []
        self.results = results
        self.first_local = first_local
        self.extra = 0
        """Locals added."""
        self.catching = 0
        """Catches that are open, each of which has an exception in a local of its own."""
        self.block_types = block_types
        self.tags = tags

    def run(self, body: Sequence[Instr]) -> None:
        blocks = _scan(body)
        function = blocks[-1]
        function.results = self.results
        self.open.append(function)
        self._begin_part(function, ())
        emit = self.out.append
        for position, instr in enumerate(body):
            op = instr[0]
            self.starts.append(len(self.out))
            if op in _OPENING:
                self._enter(instr, blocks[position])
            elif op is _END:
                self._end()
            elif op is _ELSE:
                block = self.open[-1]
                self._end_part(block)
                emit(instr)
                block.part = 1
                self._begin_part(block, block.params)
            elif op is _CATCH or op is _CATCH_ALL:
                self._catch(instr)
            elif op is _DELEGATE:
                self._end_part(self.open[-1])
                self.open.pop()
                self._close()
            elif op is _RETHROW:
                emit((_OP["local.get"], self.open[-1 - instr[1]].exn))
                emit(_THROW_REF)
            elif op in SIMPLE_BRANCHES:
                emit((op, self._label(instr[1]), *instr[2:]))
            elif op is _BR_TABLE:
                emit((op, tuple(map(self._label, instr[1])), self._label(instr[2])))
            else:
                emit(instr)

    def _label(self, index: int) -> int:
        return self.depth - self.open[-1 - index].depth

    def _open(self, instr: Instr) -> None:
        self.out.append(instr)
        self.depth += 1

    def _close(self) -> None:
        self.out.append(_END.instr)
        self.depth -= 1

    def _enter(self, instr: Instr, block: _Block) -> None:
        op = instr[0]
        block.params, block.results = self.block_types(instr[1])
        type_ = (block.params, block.results)
        if op is _TRY_TABLE:
            catches = tuple((kind, tag, self._label(label)) for kind, tag, label in instr[2])
            self._open((op, instr[1], catches))
        elif not block.is_try:
            self._open(instr)
        elif block.delegate is not None:
            target = self.depth - block.delegate.wrapped
            self._open((_TRY_TABLE, type_, (("catch_all_ref", None, target),)))
        else:
            self._open((_BLOCK, type_))
        block.depth = self.depth
        if block.is_try and block.delegate is None:
            self._enter_try(block)
        self.open.append(block)
        self._begin_part(block, block.params)

    def _enter_try(self, block: _Block) -> None:
        for tag in reversed(block.catches):
            self._open((_BLOCK, (block.params, (*self._tag_types(tag), EXNREF))))
        catches = tuple(
            ("catch_all_ref", None, i) if tag is None else ("catch_ref", tag, i)
            for i, tag in enumerate(block.catches)
        )
        self._open((_TRY_TABLE, (block.params, block.results), catches))

    def _tag_types(self, tag: int | None) -> Types:
        return () if tag is None else self.tags[tag]

    def _begin_part(self, block: _Block, params: Types) -> None:
        """Wrap a part that something is delegated to."""
        if block.part in block.delegated:
            self._open((_BLOCK, (params, block.results)))
            self._open((_BLOCK, (params, (EXNREF,))))
            block.wrapped = self.depth

    def _end_part(self, block: _Block) -> None:
        if block.part in block.delegated:
            self.out.append((_BR, 1))
            self._close()
            self.out.append(_THROW_REF)
            self._close()

    def _catch(self, instr: Instr) -> None:
        block = self.open[-1]
        self._end_part(block)
        if block.part == 0:
            self._close()  # the try_table
        self.out.append((_BR, self.depth - block.depth))
        self._close()
        block.part += 1
        if block.exn < 0:
            block.exn = self.first_local + self.catching
            self.catching += 1
            self.extra = max(self.extra, self.catching)
        self.out.append((_OP["local.set"], block.exn))
        params = self._tag_types(instr[1]) if instr[0] is _CATCH else ()
        self._begin_part(block, params)

    def _end(self) -> None:
        block = self.open[-1]
        self._end_part(block)
        if block.is_try and block.part == 0:
            self._close()  # the try_table of a try without catches
        self.catching -= block.exn >= 0
        self.open.pop()
        self._close()


def lower_legacy(
    body: Sequence[Instr],
    results: Types,
    locals_count: int,
    block_types: BlockTypes,
    tags: Sequence[Types],
) -> Lowered:
    """Rewrite a valid body.

    Block types that no type index stands for are pairs of parameters and results.
    """
    lowering = _Lowering(results, locals_count, block_types, tags)
    lowering.run(body)
    return Lowered(lowering.out, lowering.extra, lowering.starts)
