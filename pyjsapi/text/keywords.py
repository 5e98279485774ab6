"""Keywords of the text format and of scripts."""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.instructions import BY_MNEMONIC

KEYWORDS: Final = frozenset(BY_MNEMONIC) | frozenset(
    (
        # types
        "i8x16 i16x8 i32x4 i64x2 f32x4 f64x2 "
        "i8 i16 i32 i64 f32 f64 v128 any anyref none nullref eq eqref i31 i31ref struct structref array arrayref "
        "func funcref nofunc nullfuncref exn exnref noexn nullexnref extern externref noextern nullexternref ref "
        "cont contref nocont nullcontref null mut field sub final rec exact describes descriptor "
        # module fields and their parts
        "module type param result local global table memory tag elem data declare offset item import export start "
        "then do catch_ref catch_all_ref on acqrel seqcst "
        # scripts
        "binary quote definition instance register invoke get assert_malformed assert_invalid assert_unlinkable "
        "assert_return assert_trap assert_exhaustion assert_exception assert_suspension assert_malformed_custom "
        "assert_invalid_custom nan:canonical nan:arithmetic either input output script "
        "ref.extern ref.host ref.any ref.eq ref.i31 ref.struct ref.array ref.exn"
    ).split()
)
"""Every word that the parsers know. A word outside is reported as an unknown operator, not as misplaced."""
