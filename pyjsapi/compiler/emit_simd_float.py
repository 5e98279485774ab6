"""Floating-point vector instructions (core: "Vector Instructions"), on lanes that stay apart.

Packing four floats into a vector and unpacking them again costs several times as much as computing with them. So
the result of an operation on floats is kept as its lanes, in variables, until something else needs the vector; a
local that is only ever set to such results is kept as its lanes throughout.

Lanes of f32 are rounded as scalars are, and NaNs among them are represented as scalars' are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyjsapi.compiler.emit_float import float_literal
from pyjsapi.compiler.expression import ATOM, CONST, NAME, P_BIT_OR, Entry, Lanes
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.registry import EMITTERS, Emitter
from pyjsapi.compiler.simd_shapes import F32X4, F64X2, SHAPES, Shape
from pyjsapi.compiler.simd_texts import ARITHMETIC, RELATIONS
from pyjsapi.syntax.instructions import BY_MNEMONIC, Op
from pyjsapi.syntax.module import Expr, Instr
from pyjsapi.syntax.types import F32, F64, V128, ValType

_FLOAT_SHAPES: Final = (F32X4, F64X2)
_ROUNDED: Final = frozenset(("add", "sub", "mul", "div", "sqrt"))
"""Families whose exact result may not be an f32."""
_MULTIPLY_ADD: Final = {"relaxed_madd": "{a}*{b}", "relaxed_nmadd": "-{a}*{b}"}
_PSEUDO: Final = {"pmin": "<", "pmax": ">"}
_SIGNS: Final = {"abs": "abs({})", "neg": "-{}"}


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
            names = tuple(f"l{local}_{i}" for i in range(SHAPES[shape].count))
            found[local] = Lanes(shape, names, local not in splats)
    return found


class _Operands:
    """Popped operands as lanes, evaluated in order."""

    __slots__ = ("deps", "lanes")

    def __init__(self, frame: Frame, shape: Shape, entries: list[Entry]) -> None:
        height = len(frame.stack)
        self.deps = 0
        self.lanes: list[tuple[str, ...]] = []
        deps: list[int] = []
        for i, entry in enumerate(entries):
            form = entry.form
            if form is CONST:
                self.lanes.append(_literals(shape, int(entry.text)))
                deps.append(0)
            elif isinstance(form, Lanes) and form.shape == shape.name:
                self.lanes.append(form.names)
                deps.append(entry.deps)
            else:
                bit = frame.temp_bit(height + i)
                for j in range(i):
                    if deps[j] & bit:
                        self._copy(frame, j, height + j)
                        deps[j] = frame.temp_bit(height + j)
                self.lanes.append(frame.lane_names(entry, shape.name, height + i).names)
                deps.append(bit)
        for bits in deps:
            self.deps |= bits

    def _copy(self, frame: Frame, index: int, height: int) -> None:
        names = tuple(f"s{height}_{i}" for i in range(len(self.lanes[index])))
        frame.emit(f"{','.join(names)}={','.join(self.lanes[index])}", frame.temp_bit(height))
        self.lanes[index] = names

    def text(self, template: str, i: int) -> str:
        """A template for lane i, with the operands named a, b and c."""
        return template.format(**{"abc"[k]: names[i] for k, names in enumerate(self.lanes)})


def _literals(shape: Shape, bits: int) -> tuple[str, ...]:
    type_ = F32 if shape is F32X4 else F64
    texts = []
    for i in range(shape.count):
        text = float_literal(type_, bits >> i * shape.lane_bits & shape.lane_mask).text
        texts.append(f"({text})" if text[0] == "-" else text)
    return tuple(texts)


def _shape_of(instr: Instr) -> Shape:
    return SHAPES[instr[0].mnemonic.partition(".")[0]]


def _push(frame: Frame, shape: Shape, lines: list[list[str]]) -> None:
    """Push the lanes that are computed by these lines, each of which gets the name of its lane's variable."""
    height = len(frame.stack)
    bit = frame.temp_bit(height)
    frame.settle(bit, False, False)
    names = tuple(f"s{height}_{i}" for i in range(shape.count))
    for name, parts in zip(names, lines, strict=True):
        for part in parts:
            frame.write(part.format(name))
    frame.stack.append(frame.lanes_entry(Lanes(shape.name, names, True), bit))


def _template(family: str) -> str:
    """The text of a lane, with the operands ``{a}`` and ``{b}`` in place of ``a{i}`` and ``b{i}``."""
    return ARITHMETIC[family][1].replace("a{i}", "{a}").replace("b{i}", "{b}")


def _arithmetic(frame: Frame, instr: Instr) -> None:
    family = instr[0].family
    shape = _shape_of(instr)
    operands = _Operands(frame, shape, frame.pop_values(ARITHMETIC[family][0]))
    template = _template(family)
    texts = [operands.text(template, i) for i in range(shape.count)]
    if shape is F32X4 and family in _ROUNDED:
        _push(frame, shape, [[f"sf[0]={text}", "{}=sf[0]"] for text in texts])
    else:
        _push(frame, shape, [[f"{{}}={text}"] for text in texts])


def _multiply_add(frame: Frame, instr: Instr) -> None:
    shape = _shape_of(instr)
    operands = _Operands(frame, shape, frame.pop_values(3))
    product = _MULTIPLY_ADD[instr[0].family]
    if shape is F32X4:
        steps = [f"sf[0]={product}", "sf[0]=sf[0]+{c}", "{{}}=sf[0]"]
    else:
        steps = [f"{{{{}}}}={product}+{{c}}"]
    lines = [[operands.text(step, i) for step in steps] for i in range(shape.count)]
    _push(frame, shape, lines)


def _compare(frame: Frame, instr: Instr) -> None:
    shape = _shape_of(instr)
    operands = _Operands(frame, shape, frame.pop_values(2))
    operator = RELATIONS[instr[0].family]
    parts = []
    for i in range(shape.count):
        mask = shape.lane_mask << i * shape.lane_bits
        parts.append(operands.text(f"({mask} if {{a}}{operator}{{b}} else 0)", i))
    frame.push(Entry(V128, "|".join(parts), P_BIT_OR, deps=operands.deps))


def _are_lanes(entries: list[Entry], shape: Shape) -> bool:
    return all(isinstance(e.form, Lanes) and e.form.shape == shape.name for e in entries)


def _exact(frame: Frame, instr: Instr, template: str, count: int) -> bool:
    """Emit an operation that keeps every bit, if its operands are lanes already."""
    shape = _shape_of(instr)
    entries = frame.stack[-count:]
    if not _are_lanes(entries, shape):
        return False
    quiet = all(isinstance(e.form, Lanes) and e.form.quiet for e in entries)
    if not quiet:
        return False
    operands = _Operands(frame, shape, frame.pop_values(count))
    _push(frame, shape, [[f"{{}}={operands.text(template, i)}"] for i in range(shape.count)])
    return True


def _pseudo_extremum(frame: Frame, instr: Instr) -> None:
    template = f"{{b}} if {{b}}{_PSEUDO[instr[0].family]}{{a}} else {{a}}"
    if not _exact(frame, instr, template, 2):
        _WHOLE[instr[0]](frame, instr)


def _sign(frame: Frame, instr: Instr) -> None:
    if not _exact(frame, instr, _SIGNS[instr[0].family].format("{a}"), 1):
        _WHOLE[instr[0]](frame, instr)


def _splat(frame: Frame, instr: Instr) -> None:
    shape = _shape_of(instr)
    height = len(frame.stack) - 1
    value = frame.materialise(frame.stack.pop(), height)
    name = f"({value.text})" if value.text[0] == "-" else value.text
    lanes = Lanes(shape.name, (name,) * shape.count, False)
    text = f"V.{shape}_splat({value.text})"
    frame.push(Entry(V128, text, ATOM, deps=value.deps, form=lanes))


def _extract_lane(frame: Frame, instr: Instr) -> None:
    shape = _shape_of(instr)
    entry = frame.stack[-1]
    if not (isinstance(entry.form, Lanes) and entry.form.shape == shape.name):
        _WHOLE[instr[0]](frame, instr)
        return
    frame.stack.pop()
    name = entry.form.names[instr[1]]
    type_ = F32 if shape is F32X4 else F64
    form = NAME if name.isidentifier() else CONST
    frame.push(Entry(type_, name, ATOM, deps=entry.deps, form=form))


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
        (_SIGNS, _sign),
        (("splat",), _splat),
        (("extract_lane",), _extract_lane),
    ):
        for _family in _families:
            _op = BY_MNEMONIC[f"{_shape}.{_family}"]
            EMITTERS[_op] = _optional(_emitter, _WHOLE[_op])
