"""Floating-point vector instructions (core: "Vector Instructions"), on lanes that stay apart.

Packing four floats into a vector and unpacking them again costs several times as much as computing with them. So
the result of an operation on floats is kept as its lanes, in variables, until something else needs the vector; a
local that is only ever set to such results is kept as its lanes throughout.

Lanes of f32 are rounded as scalars are, and NaNs among them are represented as scalars' are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pyjsapi.compiler.emit.float import float_literal
from pyjsapi.compiler.emit.registry import EMITTERS, Emitter
from pyjsapi.compiler.expression import ATOM, CONST, NAME, P_BIT_OR, Entry, Lanes
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.support.simd_shapes import F32X4, F64X2, SHAPES, Shape
from pyjsapi.compiler.support.simd_texts import ARITHMETIC, RELATIONS
from pyjsapi.syntax.instructions import BY_MNEMONIC, Op
from pyjsapi.syntax.module import Expr, Instr
from pyjsapi.syntax.types import F32, F64, V128, ValType

_FLOAT_SHAPES: Final = (F32X4, F64X2)
_ROUNDED: Final = frozenset(("add", "sub", "mul", "div", "sqrt"))
"""Families whose exact result may not be an f32."""
_MULTIPLY_ADD: Final = {"relaxed_madd": "", "relaxed_nmadd": "-"}
"""Sign of the product."""
_PSEUDO: Final = {"pmin": "<", "pmax": ">"}


def _ops(*families: str) -> frozenset[Op]:
    return frozenset(BY_MNEMONIC[f"{shape}.{name}"] for shape in _FLOAT_SHAPES for name in families)


_PRODUCERS: Final = _ops(*ARITHMETIC, *_MULTIPLY_ADD, "splat")
"""Instructions whose results are always lanes."""
_SPLATS: Final = _ops("splat")
_LOCAL_GET: Final = BY_MNEMONIC["local.get"]
_LOCAL_TEE: Final = BY_MNEMONIC["local.tee"]
_ASSIGNMENTS: Final = frozenset((BY_MNEMONIC["local.set"], _LOCAL_TEE))
_CONST: Final = BY_MNEMONIC["v128.const"]


def lane_locals(
    body: Expr, locals_: Sequence[ValType], parameters: int, options: Options
) -> dict[int, Lanes]:
    """The declared locals that are kept as lanes: those that are only set to operations on floats of one shape.

    The instruction before a ``local.set`` is what gives its value, wherever it leaves one value.
    """
    if not options.lanes or V128 not in locals_[parameters:]:
        return {}
    shapes: dict[int, str] = {}
    splats: set[int] = set()
    refused = {i for i, type_ in enumerate(locals_) if i < parameters or type_ is not V128}
    before: Instr = body[0]
    for instr in body:
        if instr[0] in _ASSIGNMENTS and instr[1] not in refused:
            producer: Op = before[0]
            local: int = instr[1]
            shape = producer.mnemonic.partition(".")[0]
            if producer not in _PRODUCERS or shapes.setdefault(local, shape) != shape:
                refused.add(local)
            elif producer in _SPLATS:
                splats.add(local)
        before = instr
    found = {}
    for local, shape in shapes.items():
        if local not in refused:
            type_ = F32 if shape == F32X4.name else F64
            lanes = tuple(
                Entry(type_, f"l{local}_{i}", ATOM, deps=1 << local, form=NAME)
                for i in range(SHAPES[shape].count)
            )
            found[local] = Lanes(shape, lanes, local not in splats)
    return found


class _Operands:
    """Popped operands as lanes, evaluated in order."""

    __slots__ = ("_frame", "_shape", "lanes")

    def __init__(self, frame: Frame, shape: Shape, entries: list[Entry]) -> None:
        self._frame = frame
        self._shape = shape
        height = len(frame.stack)
        self.lanes: list[tuple[Entry, ...]] = []
        for i, entry in enumerate(entries):
            form = entry.form
            if form is CONST:
                self.lanes.append(_literals(shape, entry.low))
            elif isinstance(form, Lanes) and form.shape == shape.name:
                self.lanes.append(form.lanes)
            else:
                bit = frame.temp_bit(height + i)
                if any(lane.deps & bit for lanes in self.lanes for lane in lanes):
                    self._copy()
                self.lanes.append(frame.lanes_of(entry, shape.name, height + i).lanes)

    @property
    def deps(self) -> int:
        """The variables among the lanes."""
        bits = 0
        for lanes in self.lanes:
            for lane in lanes:
                bits |= lane.deps
        return bits

    def _copy(self) -> None:
        """Put the operands into the temporaries of their heights, all at once."""
        frame = self._frame
        height = len(frame.stack)
        kept = [
            Lanes(self._shape.name, frame.lane_temps(self._shape.name, height + i), False)
            for i in range(len(self.lanes))
        ]
        values = [Lanes(self._shape.name, lanes, False) for lanes in self.lanes]
        assigned = 0
        for i in range(len(kept)):
            assigned |= frame.temp_bit(height + i)
        line = f"{','.join(v.text for v in kept)}={','.join(v.text for v in values)}"
        frame.emit(line, assigned)
        self.lanes = [lanes.lanes for lanes in kept]

    def before(self, targets: tuple[Entry, ...]) -> None:
        """Make ready for an assignment to each of ``targets`` in turn: no lane may read one that is set before it."""
        for lanes in self.lanes:
            for lane, target in zip(lanes, targets, strict=True):
                if lane is not target and lane in targets:
                    self._copy()
                    return

    def __iter__(self) -> Iterator[tuple[Entry, ...]]:
        """For each lane of the result the operands."""
        return zip(*self.lanes, strict=True)


def _literals(shape: Shape, bits: int) -> tuple[Entry, ...]:
    type_ = F32 if shape is F32X4 else F64
    return tuple(
        float_literal(type_, bits >> i * shape.lane_bits & shape.lane_mask)
        for i in range(shape.count)
    )


def _shape_of(instr: Instr) -> Shape:
    return SHAPES[instr[0].mnemonic.partition(".")[0]]


def _push(
    frame: Frame, shape: Shape, operands: _Operands, write: Callable[[str, tuple[Entry, ...]], None]
) -> None:
    """Push the lanes that are written one after the other: ``write`` gets a variable and the operands for it."""
    height = len(frame.stack)
    bit = frame.temp_bit(height)
    targets = frame.lane_temps(shape.name, height)
    operands.before(targets)
    frame.settle(bit, False, False)
    for target, values in zip(targets, operands, strict=True):
        write(target.text, values)
    frame.stack.append(frame.lanes_entry(Lanes(shape.name, targets, True), bit))


def _arithmetic(frame: Frame, instr: Instr) -> None:
    family = instr[0].family
    shape = _shape_of(instr)
    count, text = ARITHMETIC[family]
    rounds = shape is F32X4 and family in _ROUNDED

    def write(target: str, values: tuple[Entry, ...]) -> None:
        if rounds:
            frame.write(f"sf[0]={text(*values)}")
            frame.write(f"{target}=sf[0]")
        else:
            frame.write(f"{target}={text(*values)}")

    _push(frame, shape, _Operands(frame, shape, frame.pop_values(count)), write)


def _multiply_add(frame: Frame, instr: Instr) -> None:
    shape = _shape_of(instr)
    sign = _MULTIPLY_ADD[instr[0].family]

    def write(target: str, values: tuple[Entry, ...]) -> None:
        a, b, c = (value.text for value in values)
        if shape is F32X4:
            frame.write(f"sf[0]={sign}{a}*{b}")
            frame.write(f"sf[0]=sf[0]+{c}")
            frame.write(f"{target}=sf[0]")
        else:
            frame.write(f"{target}={sign}{a}*{b}+{c}")

    _push(frame, shape, _Operands(frame, shape, frame.pop_values(3)), write)


def _compare(frame: Frame, instr: Instr) -> None:
    shape = _shape_of(instr)
    operands = _Operands(frame, shape, frame.pop_values(2))
    operator = RELATIONS[instr[0].family]
    parts = []
    for i, (a, b) in enumerate(operands):
        mask = shape.lane_mask << i * shape.lane_bits
        parts.append(f"({mask} if {a.text}{operator}{b.text} else 0)")
    frame.push(Entry(V128, "|".join(parts), P_BIT_OR, deps=operands.deps))


def _exact(frame: Frame, instr: Instr, text: Callable[..., str], count: int) -> None:
    """Emit an operation that keeps every bit: on lanes only where the operands are lanes already."""
    shape = _shape_of(instr)
    for entry in frame.stack[-count:]:
        form = entry.form
        if not (isinstance(form, Lanes) and form.shape == shape.name and form.quiet):
            _WHOLE[instr[0]](frame, instr)
            return

    def write(target: str, values: tuple[Entry, ...]) -> None:
        frame.write(f"{target}={text(*values)}")

    _push(frame, shape, _Operands(frame, shape, frame.pop_values(count)), write)


def _pseudo_extremum(frame: Frame, instr: Instr) -> None:
    operator = _PSEUDO[instr[0].family]
    _exact(frame, instr, lambda a, b: f"{b.text} if {b.text}{operator}{a.text} else {a.text}", 2)


def _absolute(frame: Frame, instr: Instr) -> None:
    _exact(frame, instr, lambda a: f"abs({a.text})", 1)


def _negative(frame: Frame, instr: Instr) -> None:
    _exact(frame, instr, lambda a: f"-{a.text}", 1)


def _splat(frame: Frame, instr: Instr) -> None:
    shape = _shape_of(instr)
    height = len(frame.stack) - 1
    value = frame.materialise(frame.stack.pop(), height)
    lanes = Lanes(shape.name, (value,) * shape.count, False)
    frame.push(Entry(V128, f"V.{shape}_splat({value.text})", ATOM, deps=value.deps, form=lanes))


def _extract_lane(frame: Frame, instr: Instr) -> None:
    form = frame.stack[-1].form
    if isinstance(form, Lanes) and form.shape == _shape_of(instr).name:
        frame.stack.pop()
        frame.push(form.lanes[instr[1]])
    else:
        _WHOLE[instr[0]](frame, instr)


def _optional(lanes: Emitter, whole: Emitter) -> Emitter:
    def emitter(frame: Frame, instr: Instr) -> None:
        (lanes if frame.options.lanes else whole)(frame, instr)

    return emitter


_WHOLE: Final = dict(EMITTERS)
"""Emitters that work on whole vectors, as they were before those below."""

for _shape in _FLOAT_SHAPES:
    for _families, _emitter in (
        (ARITHMETIC, _arithmetic),
        (_MULTIPLY_ADD, _multiply_add),
        (RELATIONS, _compare),
        (_PSEUDO, _pseudo_extremum),
        (("abs",), _absolute),
        (("neg",), _negative),
        (("splat",), _splat),
        (("extract_lane",), _extract_lane),
    ):
        for _family in _families:
            _op = BY_MNEMONIC[f"{_shape}.{_family}"]
            EMITTERS[_op] = _optional(_emitter, _WHOLE[_op])
