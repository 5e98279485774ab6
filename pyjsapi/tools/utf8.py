"""A function that traps unless bytes of a memory are well-formed UTF-8 (Unicode 16, table 3-7), as text."""

from __future__ import annotations

from typing import Final

VALIDATOR: Final = """
  (func $utf8_{memory} (param $p i32) (param $n i32)
    (local $end i32) (local $byte i32) (local $more i32) (local $low i32) (local $high i32)
    (local.set $end (i32.add (local.get $p) (local.get $n)))
    (loop $next
      ;; Eight ASCII characters at a time.
      (block $other (loop $ascii
        (br_if $other (i32.lt_u (i32.sub (local.get $end) (local.get $p)) (i32.const 8)))
        (br_if $other (i64.ne (i64.const 0)
          (i64.and (i64.load {memory} align=1 (local.get $p)) (i64.const 0x8080808080808080))))
        (local.set $p (i32.add (local.get $p) (i32.const 8)))
        (br $ascii)))
      (if (i32.eq (local.get $p) (local.get $end)) (then (return)))
      (local.set $byte (i32.load8_u {memory} (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $byte) (i32.const 0x80)))
      ;; The bytes that follow, and what the first of them may be.
      (local.set $low (i32.const 0x80))
      (local.set $high (i32.const 0xbf))
      (block $lead
        (local.set $more (i32.const 1))
        (br_if $lead (i32.lt_u (i32.sub (local.get $byte) (i32.const 0xc2)) (i32.const 0x1e)))
        (local.set $more (i32.const 2))
        (if (i32.eq (local.get $byte) (i32.const 0xe0)) (then (local.set $low (i32.const 0xa0))))
        (if (i32.eq (local.get $byte) (i32.const 0xed)) (then (local.set $high (i32.const 0x9f))))
        (br_if $lead (i32.eq (i32.and (local.get $byte) (i32.const 0xf0)) (i32.const 0xe0)))
        (local.set $more (i32.const 3))
        (if (i32.eq (local.get $byte) (i32.const 0xf0)) (then (local.set $low (i32.const 0x90))))
        (if (i32.eq (local.get $byte) (i32.const 0xf4)) (then (local.set $high (i32.const 0x8f))))
        (br_if $lead (i32.lt_u (i32.sub (local.get $byte) (i32.const 0xf0)) (i32.const 5)))
        (unreachable))
      (loop $following
        (if (i32.eq (local.get $p) (local.get $end)) (then (unreachable)))
        (local.set $byte (i32.load8_u {memory} (local.get $p)))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (if (i32.gt_u (i32.sub (local.get $byte) (local.get $low)) (i32.sub (local.get $high) (local.get $low)))
          (then (unreachable)))
        (local.set $low (i32.const 0x80))
        (local.set $high (i32.const 0xbf))
        (br_if $following (local.tee $more (i32.sub (local.get $more) (i32.const 1)))))
      (br $next)))"""
"""With the index of the memory to be filled in."""
