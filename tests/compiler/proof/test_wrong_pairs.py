"""Python written by hand, right and wrong in one place: the kinds of faults that a translator of control flow makes."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.function import translate_once
from pyjsapi.compiler.notes import GLUE
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.proof import Finding, prove
from pyjsapi.engines.python import compile_module
from pyjsapi.text import wat2wasm
from tests.compiler.proof.control_programs import HEAD

START = """
  -4|def f2(l0):
  -4| l1=l2=l3=0
"""


class Kind(NamedTuple):
    """A body, right Python for it, and pieces of that which are wrong when replaced."""

    body: str
    right: str
    """Before the bar what the line is for: the position of an instruction, or nothing for what only leads on."""
    wrong: dict[str, tuple[str, str]]


KINDS = {
    "a block that ends behind the loop": Kind(
        """
        (block $out (block $near
          (loop $again
            (block $on (br_if $out (call $c (i32.const 1))) (br_if $on (call $c (i32.const 2))) (br $near))
            (call $ev (i32.const 3)) (br $again)))
          (return (i32.const 4)))
        (i32.const 5)
        """,
        """
    | _b=None
   2| while True:
   6|  if f1(1):
    |   _b=1
    |   break
   9|  if not f1(2):
    |   break
  13|  f0(3)
    | if _b is not None:
    |  _b=None
    | else:
  18|  return 4
  21| return 5
        """,
        {
            "the loop's end is the outer block's": ("    | else:\n  18|  return 4\n", ""),
            "the flag is not looked at": ("    | else:\n  18|  return 4\n", "  18| return 4\n"),
            "the flag is turned": ("_b is not None", "_b is None"),
            "the flag is another one": ("_b is not None", "_b==2"),
            "the flag is not set": ("    |   _b=1\n", ""),
            "the flag is not set at first": ("    | _b=None\n   2", "   2"),
            "the loop is not left": ("    |   break\n  13", "    |   pass\n  13"),
            "the loop ends after a round": ("  13|  f0(3)\n", "  13|  f0(3)\n    |  break\n"),
            "a condition is turned": ("if f1(1)", "if not f1(1)"),
            "an event is left out": ("  13|  f0(3)\n", ""),
            "another result is returned": ("return 4", "return 5"),
        },
    ),
    "a jump is lost after a table": Kind(
        """
        (block $out
          (block $near
            (block $here (block $there (br_table $near $out (call $c (i32.const 1)))) (br $out))
            (call $ev (i32.const 2)))
          (call $ev (i32.const 3)))
        (i32.const 4)
        """,
        """
   5| s0=f1(1)
    | while True:
   6|  if s0<1:
  14|   f0(3)
   6|  else:
    |   break
    |  break
  17| return 4
        """,
        {
            "the table's jump leaves the loop": ("  14|   f0(3)\n", "    |   break\n"),
            "the table is decided too late": ("s0<1", "s0<2"),
            "a case goes on twice": ("    |  break\n  17", "    |  continue\n  17"),
        },
    ),
    "a table decides on what has to be evaluated first": Kind(
        """
        (block $out
          (block $near (br_table $near $out (i32.eqz (local.get $x))))
          (call $ev (i32.const 2)))
        (i32.const 4)
        """,
        """
   0| while True:
   4|  s0=1 if not l0 else 0
   4|  if s0<1:
    |   pass
   4|  else:
    |   break
   7|  f0(2)
    |  break
  10| return 4
        """,
        {
            "the selector is not evaluated": ("   4|  s0=1 if not l0 else 0\n", ""),
            "another temporary has the selector": ("   4|  s0=1", "   4|  s1=1"),
        },
    ),
    "a test for null is on what has to be evaluated first": Kind(
        """
        (block $out (drop (br_on_null $out (ref.i31 (local.get $x)))) (call $ev (i32.const 2)))
        (i32.const 4)
        """,
        """
   3| s0=l0&2147483647
   3| if s0 is not None:
   6|  f0(2)
   9| return 4
        """,
        {
            "the reference is not evaluated": ("   3| s0=l0&2147483647\n", ""),
            "it is null that is looked for": ("s0 is not None", "s0 is None"),
        },
    ),
    "a loop leaves a block in a loop": Kind(
        """
        (loop $round (block $out
          (block (br_if $out (call $c (i32.const 1))))
          (loop $again (br_if $out (call $c (i32.const 2))) (br $again)))
          (br_if $round (call $c (i32.const 3))))
        (i32.const 4)
        """,
        """
   0| while True:
    |  while True:
   5|   if f1(1):
    |    break
   7|   while True:
  10|    if f1(2):
    |     break
    |   break
  16|  if not f1(3):
    |   break
  19| return 4
        """,
        {
            "the block's loop goes round": ("    |   break\n  16", "    |   pass\n  16"),
            "the inner loop is left twice": ("    |   break\n  16|  if", "    |   break\n    |  break\n  16|  if"),
            "the outer loop ends": ("  16|  if not f1(3):", "  16|  if f1(3):"),
        },
    ),
    "cases of a switch fall into each other": Kind(
        """
        (block $far
          (block $node
            (block $c1 (block $c0 (br_table $c0 $c1 $far $node (call $c (i32.const 1)))) (call $ev (i32.const 2)))
            (call $ev (i32.const 3)))
          (call $ev (i32.const 4)))
        (i32.const 5)
        """,
        r"""
   5| s0=f1(1)
   6| _s=b'\x00\x01\x03'[s0] if s0<3 else 2
    | while True:
    |  if _s<2:
    |   if _s<1:
   9|    f0(2)
    |    _s=1
    |    continue
    |   else:
  12|    f0(3)
    |    _s=2
    |    continue
    |  else:
    |   if _s<3:
  15|    f0(4)
    |    break
    |   else:
    |    break
  18| return 5
        """,
        {
            "a case falls over the next one": ("    |    _s=2\n", "    |    _s=3\n"),
            "entries are exchanged": (r"\x00\x01\x03", r"\x01\x00\x03"),
            "the default is another case": ("else 2", "else 3"),
            "the table is too short": ("s0<3", "s0<4"),
            "a case runs for ever": ("  12|    f0(3)\n    |    _s=2\n", "  12|    f0(3)\n"),
            "a case is left out": ("  15|    f0(4)\n", ""),
        },
    ),
    "operands of branches": Kind(
        """
        (i32.const 1)
        (block $out (result i32)
          (block $in (result i32)
            (br_if $out (local.get $x) (call $c (i32.const 1)))
            (br_if $in (call $c (i32.const 2)))
            (drop) (call $ev (i32.const 3)) (i32.const 4)))
        (local.set $a) (drop) (local.get $a)
        """,
        """
   6| s1=l0
    | while True:
   6|  if f1(1):
    |   break
   9|  if f1(2):
    |   break
  12|  f0(3)
  14|  s1=4
    |  break
  16| l1=s1
  19| return l1
        """,
        {
            "the operand is nowhere": ("   6| s1=l0\n", ""),
            "the operand is elsewhere": ("   6| s1=l0\n", "   6| s0=l0\n"),
            "the result is not moved": ("  14|  s1=4\n", ""),
            "the result is moved too low": ("  14|  s1=4\n", "  14|  s0=4\n"),
            "another result is moved": ("  14|  s1=4\n", "  14|  s1=5\n"),
            "a result is moved where none is": ("    |   break\n  12", "   9|   s1=4\n    |   break\n  12"),
            "too much is returned": ("return l1", "return l1,0"),
            "nothing is returned": ("return l1", "return"),
        },
    ),
    "handlers": Kind(
        """
        (block $out (block $two (result i32) (block $one
          (try_table (catch $t $one) (catch $u $two) (call $ev (i32.const 1)))
          (br $out))
          (call $ev (i32.const 2)) (i32.const 3))
          (drop))
        (i32.const 4)
        """,
        """
    | _b=None
    | while True:
   3|  try:
   5|   f0(1)
   3+2|  except Exception as _x:
   3+2|   _x=caught(_x)
   3+2|   if _x is None: raise
   3+2|   if _x.tag is X[0]:
    |    _b=1
    |    break
   3+2|   elif _x.tag is X[1]:
   3+2|    s0=_x.payload[0]
    |    break
   3+2|   else: raise
    |  _b=2
    |  break
    | if _b==1:
  10|  f0(2)
  12|  s0=3
  16| return 4
        """,
        {
            "the wrong tag": ("X[0]", "X[1]"),
            "the clause goes elsewhere": ("    |    _b=1\n", "    |    _b=2\n"),
            "traps are caught": ("   3+2|   if _x is None: raise\n", ""),
            "what is caught is not asked": ("   3+2|   _x=caught(_x)\n", ""),
            "what no clause catches is lost": ("   3+2|   else: raise\n", ""),
            "the value is not moved": ("   3+2|    s0=_x.payload[0]\n", ""),
            "the exception is moved for its value": ("s0=_x.payload[0]", "s0=_x"),
            "the call is outside": ("   3|  try:\n   5|   f0(1)\n", "   5|  f0(1)\n   3|  try:\n    |   pass\n"),
            "the handler goes on": ("    |    _b=1\n    |    break\n   3+2|   el", "    |    pass\n   3+2|   el"),
        },
    ),
    "a tail call of the function to itself": Kind(
        """
        (if (call $c (i32.const 1)) (then (local.set $a (i32.const 2)) (return_call $f (i32.const 3))))
        (local.get $a)
        """,
        """
    | while True:
   2|  if f1(1):
   4|   l1=2
   6|   l0=3
   6|   l1=l2=l3=0
    |   continue
   9|  return l1
        """,
        {
            "a local keeps its value": ("l1=l2=l3=0\n    |   c", "l2=l3=0\n    |   c"),
            "the locals keep their values": ("   6|   l1=l2=l3=0\n", ""),
            "the parameter keeps its value": ("   6|   l0=3\n", ""),
            "another parameter": ("l0=3", "l0=4"),
            "it returns": ("    |   continue\n", "    |   break\n"),
            "a local is not zero": ("   4|   l1=2\n", "   4|   pass\n"),
        },
    ),
    "a counted loop": Kind(
        """
        (local.set $i (i32.const 0))
        (block $out (loop $again (br_if $out (call $c (i32.const 1)))
          (br_if $again (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5)))))
        (local.get $i)
        """,
        """
   1| l2=0
   3| for l2 in range(l2,5):
   6|  if f1(1):
    |   break
  13| else: l2=5
  17| return l2
        """,
        {
            "the last value after a break": ("  13| else: l2=5\n", "  13| l2=5\n"),
            "no last value": ("  13| else: l2=5\n", ""),
            "the last value of another local": ("else: l2=5", "else: l1=5"),
            "the loop goes on": ("    |   break\n", "    |   continue\n"),
        },
    ),
}  # fmt: skip


def found_in(body: str, listing: str) -> Finding | None:
    """What the proof says of a listing for a body."""
    text = f"{HEAD.format(results='i32')} {body}) (func $g (type $other) (local.get 0)))"
    options = Options(proof=True)
    compiled = compile_module(wat2wasm(text), options=options, cache=CodeCache())
    code = compiled.module.funcs[0].code.load()
    frame = translate_once(compiled.default_variant.scope, 2, code)
    assert prove(frame, code) is None
    frame.lines, frame.marks = [], []
    for line in (START + listing).splitlines():
        mark, bar, written = line.partition("|")
        if bar:
            position, _, more = mark.strip().partition("+")
            code_of_line = GLUE if not position else int(position)
            if code_of_line >= 0:
                code_of_line = code_of_line * 4 + int(more or 0)
            frame.marks.append(code_of_line)
            frame.lines.append(written)
    return prove(frame, code)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_right_is_proved(kind: str) -> None:
    assert found_in(KINDS[kind].body, KINDS[kind].right) is None


@pytest.mark.parametrize(
    ("kind", "fault"), [(kind, fault) for kind, pair in KINDS.items() for fault in pair.wrong]
)
def test_what_is_wrong_is_found(kind: str, fault: str) -> None:
    body, right, wrong = KINDS[kind]
    old, new = wrong[fault]
    assert right.count(old) == 1, "the piece is not there once"
    assert found_in(body, right.replace(old, new)) is not None
