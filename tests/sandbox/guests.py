"""An interpreter of one letter: a module with the interface of the interpreters that sandboxes run.

What its code begins with says what it does; whatever else is a definition, and does nothing.
"""

from __future__ import annotations

from typing import Any, Final

from pyjsapi import wat2wasm
from pyjsapi.sandbox import Sandbox

ECHO, FAIL, COUNT, LOOP, TRAP, FLOOD, CALL, GROW, OUTSIDE, READ = "=!+*^>?$@<"
"""Write the code, fail with it, write how often it was asked, never end, trap, write endlessly, call ``lookup(1)`` and
write what it gives, ask for 64 MiB and write 1 if it got it, write from beyond the memory, write a line of input."""

_WAT: Final = r"""(module
  (import "env" "host_write" (func $write (param i32 i32 i32)))
  (import "env" "host_call" (func $call (param i32 i32 i32 i32) (result i32)))
  (import "env" "host_take" (func $take (param i32 i32)))
  (memory (export "memory") 2)
  (table (export "__indirect_function_table") 1 funcref)
  (data (i32.const 16) "lookup") (data (i32.const 32) "[1]") (data (i32.const 48) "__input__")
  (data (i32.const 64) "[]")
  (global $count (mut i32) (i32.const 48))
  (func (export "_initialize"))
  (func (export "setThrew") (param i32 i32))
  (func (export "stack_save") (result i32) (i32.const 0))
  (func (export "stack_restore") (param i32))
  (func (export "malloc") (param i32) (result i32) (i32.const 4096))
  (func (export "free") (param i32))
  (func (export "mp_sandbox_recursion_error"))
  (func (export "mp_sandbox_init") (param i32) (result i32) (i32.const 0))
  (func (export "qjs_init") (param i32 i32) (result i32) (i32.const 0))
  (func $digit (param i32)
    (i32.store8 (i32.const 0) (local.get 0))
    (call $write (i32.const 1) (i32.const 0) (i32.const 1)))
  (func $host (param i32 i32 i32 i32) (result i32) (local $length i32) (local $failed i32)
    (local.set $length (call $call (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
    (if (i32.lt_s (local.get $length) (i32.const 0)) (then
      (local.set $failed (i32.const 1))
      (local.set $length (i32.sub (i32.const 0) (local.get $length)))))
    (call $take (i32.const 1024) (local.get $length))
    (call $write (select (i32.const 2) (i32.const 1) (local.get $failed)) (i32.const 1024) (local.get $length))
    (local.get $failed))
  (func $run (export "mp_sandbox_exec") (export "qjs_eval") (param $at i32) (param $length i32) (result i32)
    (local $what i32)
    (local.set $what (i32.load8_u (local.get $at)))
    (if (i32.eq (local.get $what) (i32.const 0x3d)) (then
      (call $write (i32.const 1) (local.get $at) (local.get $length))))
    (if (i32.eq (local.get $what) (i32.const 0x21)) (then
      (call $write (i32.const 2) (local.get $at) (local.get $length))
      (call $write (i32.const 4) (local.get $at) (local.get $length))
      (return (i32.const 1))))
    (if (i32.eq (local.get $what) (i32.const 0x2b)) (then
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (call $digit (global.get $count))))
    (if (i32.eq (local.get $what) (i32.const 0x2a)) (then (loop (br 0))))
    (if (i32.eq (local.get $what) (i32.const 0x5e)) (then unreachable))
    (if (i32.eq (local.get $what) (i32.const 0x3e)) (then
      (loop (call $write (i32.const 1) (i32.const 0) (i32.const 65536)) (br 0))))
    (if (i32.eq (local.get $what) (i32.const 0x3f)) (then
      (return (call $host (i32.const 16) (i32.const 6) (i32.const 32) (i32.const 3)))))
    (if (i32.eq (local.get $what) (i32.const 0x3c)) (then
      (return (call $host (i32.const 48) (i32.const 9) (i32.const 64) (i32.const 2)))))
    (if (i32.eq (local.get $what) (i32.const 0x24)) (then
      (call $digit (i32.add (i32.const 48) (i32.ge_s (memory.grow (i32.const 1024)) (i32.const 0))))))
    (if (i32.eq (local.get $what) (i32.const 0x40)) (then
      (call $write (i32.const 1) (i32.const -4) (i32.const 8))))
    (i32.const 0)))"""

MODULE: Final = wat2wasm(_WAT)


def sandbox(**options: Any) -> Sandbox:
    """A session of it."""
    return Sandbox.python(module=MODULE, **options)
