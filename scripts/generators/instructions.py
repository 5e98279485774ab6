"""How to step over the immediates of every instruction: the package's instruction table for `polyfill/lowered`."""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.instructions import BY_MNEMONIC, OPS, PREFIXES, Imm

UNKNOWN: Final = "-"
FORMS: Final = {
    "0": (Imm.NONE,),
    "1": (
        Imm.LABEL, Imm.FUNC, Imm.TYPE, Imm.LOCAL, Imm.GLOBAL, Imm.TABLE, Imm.ELEM, Imm.DATA, Imm.TAG, Imm.I32,
        Imm.I64, Imm.HEAP, Imm.REF, Imm.REF_NULL,
    ),
    "2": (
        Imm.TYPE_TABLE, Imm.TABLE_TABLE, Imm.ELEM_TABLE, Imm.TYPE_FIELD, Imm.TYPE_DATA, Imm.TYPE_ELEM,
        Imm.TYPE_COUNT, Imm.TYPE_TYPE, Imm.TYPE_TAG,
    ),
    "B": (Imm.BLOCK,),
    "V": (Imm.LABELS,),
    "T": (Imm.TYPES,),
    "Y": (Imm.TRY_TABLE,),
    "C": (Imm.CAST,),
    "o": (Imm.TYPE_ON,),
    "O": (Imm.TYPE_TAG_ON,),
    "m": (Imm.MEMARG,),
    "n": (Imm.MEMARG_LANE,),
    "i": (Imm.MEM,),
    "j": (Imm.MEM_MEM,),
    "d": (Imm.DATA_MEM,),
    "b": (Imm.LANE, Imm.ZERO),
    "w": (Imm.F32,),
    "x": (Imm.F64,),
    "y": (Imm.V128, Imm.LANES16),
}  # fmt: skip
"""Letters of the generated tables, which `polyfill/lowered/stepper.mjs` reads."""

_LETTERS: Final = {imm: letter for letter, imms in FORMS.items() for imm in imms}
_WIDTH: Final = 100


def letters(prefix: int) -> str:
    """A letter for every opcode behind a prefix (0: none), from 0 to the last that exists."""
    found = {op.opcode: _LETTERS[op.imm] for op in OPS if op.prefix == prefix}
    return "".join(found.get(opcode, UNKNOWN) for opcode in range(max(found) + 1))


def generate() -> str:
    """The text of the module."""
    lines = [
        "// The letter at an opcode's index tells the form of its immediates: see stepper.mjs.",
        "",
        f"export const END = {BY_MNEMONIC['end'].opcode:#04x};",
        "",
        "/** @type {Record<number, string>} */",
        "export const FORMS = {",
    ]
    for prefix in sorted({0, *PREFIXES}):
        text = letters(prefix)
        parts = [f'"{text[at : at + _WIDTH]}"' for at in range(0, len(text), _WIDTH)]
        lines.append(f"  {prefix:#04x}: " + "\n    + ".join(parts) + ",")
    return "\n".join([*lines, "};", ""])
