"""The text of the write-on-allocation store.

Its memory begins with a header: the lock, the list of free slots (number + 1), the number of slots ever used, the end
of the bytes ever used, the state of the numbers in handles (i64), the number of instances, the number of objects, and
from byte 32 on the lists of free blocks by size. A slot has the upper half of its handle (0: it is free), its state (1:
being made, 2: frozen), references, the instance that made it, address, length, the logarithm of the block's size, and
the next free slot. Blocks have sizes of powers of two.
"""

from __future__ import annotations

from typing import Final

FIRST_SLOT: Final = 256
SLOT_SIZE: Final = 32

LOCK: Final = """
  (func $lock (local $was i32)
    (if (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))) (then (return)))
    ;; 2: somebody waits.
    (loop $again
      (if (i32.eqz (i32.atomic.rmw.xchg (i32.const 0) (i32.const 2))) (then (return)))
      (drop (memory.atomic.wait32 (i32.const 0) (i32.const 2) (i64.const -1)))
      (br $again)))
  (func $unlock
    (if (i32.eq (i32.atomic.rmw.xchg (i32.const 0) (i32.const 0)) (i32.const 2))
      (then (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))))"""
SPIN: Final = """
  (func $lock
    (loop $again (br_if $again (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1)))))
  (func $unlock (i32.atomic.store (i32.const 0) (i32.const 0)))"""

LOAD: Final = """
  (func (export "{name}") (param $handle i64) (param $offset i32) (result {type}) (local $found {type})
    (local.set $found ({instruction} (call $readable (local.get $handle) (local.get $offset) (i32.const {size}))))
    ;; Freed meanwhile, the bytes may be another object's.
    (atomic.fence)
    (drop (call $slot (local.get $handle)))
    (local.get $found))"""
STORE: Final = """
  (func (export "{name}") (param $handle i64) (param $offset i32) (param $value {type})
    ({instruction} (call $writable (local.get $handle) (local.get $offset) (i32.const {size})) (local.get $value)))"""

MODULE: Final = """(module
  (import "owoa" "memory" (memory {minimum} {maximum} shared))
  (global $me (mut i32) (i32.const 0))
  (func $start
    (global.set $me (i32.add (i32.const 1) (i32.atomic.rmw.add (i32.const 24) (i32.const 1)))))
  (start $start)
{lock}
  ;; The slot of a handle, or 0.
  (func $find (param $handle i64) (result i32) (local $slot i32) (local $number i32)
    (local.set $number (i32.wrap_i64 (i64.shr_u (local.get $handle) (i64.const 32))))
    (if (i32.ge_u (i32.wrap_i64 (local.get $handle)) (i32.const {objects})) (then (return (i32.const 0))))
    (local.set $slot (i32.add (i32.const 256) (i32.shl (i32.wrap_i64 (local.get $handle)) (i32.const 5))))
    (if (result i32) (i32.eqz (local.get $number))
      (then (i32.const 0))
      (else (select (local.get $slot) (i32.const 0)
        (i32.eq (local.get $number) (i32.atomic.load (local.get $slot)))))))
  (func $slot (param $handle i64) (result i32) (local $slot i32)
    (local.set $slot (call $find (local.get $handle)))
    (if (i32.eqz (local.get $slot)) (then (unreachable)))
    (local.get $slot))
  ;; The address of bytes of an object.
  (func $place (param $slot i32) (param $offset i32) (param $size i32) (result i32) (local $length i32)
    (local.set $length (i32.load offset=20 (local.get $slot)))
    (if (i32.gt_u (local.get $offset) (local.get $length)) (then (unreachable)))
    (if (i32.gt_u (local.get $size) (i32.sub (local.get $length) (local.get $offset))) (then (unreachable)))
    (i32.add (i32.load offset=16 (local.get $slot)) (local.get $offset)))
  (func $readable (param $handle i64) (param $offset i32) (param $size i32) (result i32) (local $slot i32)
    (local.set $slot (call $slot (local.get $handle)))
    (if (i32.ne (i32.atomic.load offset=4 (local.get $slot)) (i32.const 2)) (then (unreachable)))
    (call $place (local.get $slot) (local.get $offset) (local.get $size)))
  (func $mine (param $handle i64) (result i32) (local $slot i32)
    (local.set $slot (call $slot (local.get $handle)))
    (if (i32.ne (i32.atomic.load offset=4 (local.get $slot)) (i32.const 1)) (then (unreachable)))
    (if (i32.ne (i32.load offset=12 (local.get $slot)) (global.get $me)) (then (unreachable)))
    (local.get $slot))
  (func $writable (param $handle i64) (param $offset i32) (param $size i32) (result i32)
    (call $place (call $mine (local.get $handle)) (local.get $offset) (local.get $size)))
{accesses}
  (func (export "length") (param $handle i64) (result i32) (local $length i32)
    (local.set $length (i32.load offset=20 (call $slot (local.get $handle))))
    (atomic.fence)
    (drop (call $slot (local.get $handle)))
    (local.get $length))
  (func (export "freeze") (param $handle i64)
    (i32.atomic.store offset=4 (call $mine (local.get $handle)) (i32.const 2)))

  ;; Of what follows, the functions without an export are called with the lock.
  (func $number (result i32) (local $state i64)
    (local.set $state (i64.load (i32.const 16)))
    (if (i64.eqz (local.get $state)) (then (local.set $state (i64.const {seed}))))
    (local.set $state (i64.add (local.get $state) (i64.const 0x9e3779b97f4a7c15)))
    (i64.store (i32.const 16) (local.get $state))
    (local.set $state (i64.mul (i64.const 0xbf58476d1ce4e5b9)
      (i64.xor (local.get $state) (i64.shr_u (local.get $state) (i64.const 30)))))
    (local.set $state (i64.mul (i64.const 0x94d049bb133111eb)
      (i64.xor (local.get $state) (i64.shr_u (local.get $state) (i64.const 27)))))
    (select (i32.wrap_i64 (i64.shr_u (local.get $state) (i64.const 32))) (i32.const 1)
      (i64.ne (i64.const 0) (i64.shr_u (local.get $state) (i64.const 32)))))
  ;; The number of a free slot, or -1.
  (func $take_slot (result i32) (local $index i32)
    (local.set $index (i32.load (i32.const 4)))
    (if (local.get $index)
      (then
        (local.set $index (i32.sub (local.get $index) (i32.const 1)))
        (i32.store (i32.const 4) (i32.load offset=284 (i32.shl (local.get $index) (i32.const 5))))
        (return (local.get $index))))
    (local.set $index (i32.load (i32.const 8)))
    (if (i32.eq (local.get $index) (i32.const {objects})) (then (return (i32.const -1))))
    (i32.store (i32.const 8) (i32.add (local.get $index) (i32.const 1)))
    (local.get $index))
  ;; The address of a free block, or 0.
  (func $take_block (param $log i32) (result i32) (local $block i32) (local $end i64) (local $missing i64)
    (local.set $block (i32.load offset=32 (i32.shl (local.get $log) (i32.const 2))))
    (if (local.get $block)
      (then
        (i32.store offset=32 (i32.shl (local.get $log) (i32.const 2)) (i32.load (local.get $block)))
        (return (local.get $block))))
    (local.set $block (call $end))
    (local.set $end (i64.add (i64.extend_i32_u (local.get $block))
      (i64.shl (i64.const 1) (i64.extend_i32_u (local.get $log)))))
    (if (i64.gt_u (local.get $end) (i64.const 0xffffffff)) (then (return (i32.const 0))))
    (local.set $missing (i64.sub (local.get $end)
      (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16))))
    (if (i64.gt_s (local.get $missing) (i64.const 0))
      (then
        (if (i32.eq (i32.const -1) (memory.grow (i32.wrap_i64
            (i64.shr_u (i64.add (local.get $missing) (i64.const 65535)) (i64.const 16)))))
          (then (return (i32.const 0))))))
    (i32.store (i32.const 12) (i32.wrap_i64 (local.get $end)))
    (local.get $block))
  (func $end (result i32) (local $end i32)
    (local.set $end (i32.load (i32.const 12)))
    (select (local.get $end) (i32.const {first}) (local.get $end)))
  (func $free_block (param $block i32) (param $log i32)
    (i32.store (local.get $block) (i32.load offset=32 (i32.shl (local.get $log) (i32.const 2))))
    (i32.store offset=32 (i32.shl (local.get $log) (i32.const 2)) (local.get $block)))

  (func (export "alloc") (param $length i32) (result i64)
    (local $log i32) (local $index i32) (local $block i32) (local $slot i32) (local $number i32)
    (if (i32.gt_u (local.get $length) (i32.const 0x40000000)) (then (return (i64.const 0))))
    (local.set $log (i32.const 4))
    (if (i32.gt_u (local.get $length) (i32.const 16))
      (then (local.set $log (i32.sub (i32.const 32)
        (i32.clz (i32.sub (local.get $length) (i32.const 1)))))))
    (call $lock)
    (local.set $block (call $take_block (local.get $log)))
    (if (i32.eqz (local.get $block)) (then (call $unlock) (return (i64.const 0))))
    (local.set $index (call $take_slot))
    (if (i32.eq (local.get $index) (i32.const -1))
      (then
        (call $free_block (local.get $block) (local.get $log))
        (call $unlock)
        (return (i64.const 0))))
    (local.set $number (call $number))
    (i32.store (i32.const 28) (i32.add (i32.load (i32.const 28)) (i32.const 1)))
    (call $unlock)
    (memory.fill (local.get $block) (i32.const 0) (i32.shl (i32.const 1) (local.get $log)))
    (local.set $slot (i32.add (i32.const 256) (i32.shl (local.get $index) (i32.const 5))))
    (i32.store offset=8 (local.get $slot) (i32.const 1))
    (i32.store offset=12 (local.get $slot) (global.get $me))
    (i32.store offset=16 (local.get $slot) (local.get $block))
    (i32.store offset=20 (local.get $slot) (local.get $length))
    (i32.store offset=24 (local.get $slot) (local.get $log))
    (i32.atomic.store offset=4 (local.get $slot) (i32.const 1))
    (i32.atomic.store (local.get $slot) (local.get $number))
    (i64.or (i64.shl (i64.extend_i32_u (local.get $number)) (i64.const 32))
            (i64.extend_i32_u (local.get $index))))
  (func (export "retain") (param $handle i64) (local $slot i32)
    (call $lock)
    (local.set $slot (call $find (local.get $handle)))
    (if (i32.eqz (local.get $slot)) (then (call $unlock) (unreachable)))
    (i32.store offset=8 (local.get $slot)
      (i32.add (i32.load offset=8 (local.get $slot)) (i32.const 1)))
    (call $unlock))
  (func (export "release") (param $handle i64) (result i32) (local $slot i32) (local $left i32)
    (call $lock)
    (local.set $slot (call $find (local.get $handle)))
    (if (i32.eqz (local.get $slot)) (then (call $unlock) (unreachable)))
    (local.set $left (i32.sub (i32.load offset=8 (local.get $slot)) (i32.const 1)))
    ;; Who writes an object must not lose it meanwhile.
    (if (i32.and (i32.eqz (local.get $left)) (i32.and
          (i32.eq (i32.atomic.load offset=4 (local.get $slot)) (i32.const 1))
          (i32.ne (i32.load offset=12 (local.get $slot)) (global.get $me))))
      (then (call $unlock) (unreachable)))
    (i32.store offset=8 (local.get $slot) (local.get $left))
    (if (i32.eqz (local.get $left))
      (then
        (i32.atomic.store (local.get $slot) (i32.const 0))
        (i32.atomic.store offset=4 (local.get $slot) (i32.const 0))
        (call $free_block (i32.load offset=16 (local.get $slot)) (i32.load offset=24 (local.get $slot)))
        (i32.store offset=28 (local.get $slot) (i32.load (i32.const 4)))
        (i32.store (i32.const 4) (i32.add (i32.wrap_i64 (local.get $handle)) (i32.const 1)))
        (i32.store (i32.const 28) (i32.sub (i32.load (i32.const 28)) (i32.const 1)))))
    (call $unlock)
    (local.get $left))
  (func (export "live") (result i32) (i32.load (i32.const 28)))
  (func (export "used") (result i32) (i32.sub (call $end) (i32.const {first}))))"""
"""With sizes, the lock and the accesses to be filled in."""
