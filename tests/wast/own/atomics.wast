;; Atomic accesses to memories other than the first, with 64-bit addresses, with pages of one byte.

(module $m
  (memory $plain 1)
  (memory $shared (export "shared") 1 2 shared)
  (memory $long (export "long") i64 1 3 shared)
  (memory $ten (export "ten") 10 20 shared (pagesize 1))

  (func (export "store") (param i32 i32) (i32.atomic.store $shared offset=4 (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.atomic.load $shared offset=4 (local.get 0)))
  (func (export "plain") (param i32) (result i32) (i32.load $plain (local.get 0)))
  (func (export "add") (param i64 i64) (result i64) (i64.atomic.rmw.add $long (local.get 0) (local.get 1)))
  (func (export "add8") (param i64 i32) (result i32) (i32.atomic.rmw8.add_u $long (local.get 0) (local.get 1)))
  (func (export "load16") (param i64) (result i64) (i64.atomic.load16_u $long offset=2 (local.get 0)))
  (func (export "exchange") (param i32 i32 i32) (result i32)
    (i32.atomic.rmw8.cmpxchg_u $ten (local.get 0) (local.get 1) (local.get 2)))
  (func (export "load64") (param i32) (result i64) (i64.atomic.load $ten (local.get 0)))
  (func (export "sizes") (result i32 i32 i64 i32)
    (memory.size $plain) (memory.size $shared) (memory.size $long) (memory.size $ten))
  (func (export "grow") (param i64) (result i64) (memory.grow $long (local.get 0)))
  (func (export "notify") (param i64) (result i32) (memory.atomic.notify $long (local.get 0) (i32.const -1)))
  (func (export "wait") (param i64 i64) (result i32)
    (memory.atomic.wait64 $long (local.get 0) (i64.const 0) (local.get 1)))
  (func (export "wait_plain") (param i32) (result i32)
    (memory.atomic.wait32 $plain (local.get 0) (i32.const 0) (i64.const 0)))
  (func (export "notify_plain") (param i32) (result i32)
    (memory.atomic.notify $plain (local.get 0) (i32.const 1)))
  (func (export "fence") (atomic.fence)))

(assert_return (invoke "sizes") (i32.const 1) (i32.const 1) (i64.const 1) (i32.const 10))

(assert_return (invoke "store" (i32.const 8) (i32.const -2)))
(assert_return (invoke "load" (i32.const 8)) (i32.const -2))
(assert_return (invoke "plain" (i32.const 12)) (i32.const 0))
(assert_trap (invoke "load" (i32.const 1)) "unaligned atomic")
(assert_trap (invoke "load" (i32.const -1)) "unaligned atomic")
(assert_trap (invoke "load" (i32.const -4)) "out of bounds memory access")
(assert_trap (invoke "store" (i32.const 65532) (i32.const 0)) "out of bounds memory access")

(assert_return (invoke "add" (i64.const 16) (i64.const -1)) (i64.const 0))
(assert_return (invoke "add" (i64.const 16) (i64.const 3)) (i64.const -1))
(assert_return (invoke "add" (i64.const 16) (i64.const 0)) (i64.const 2))
(assert_return (invoke "add8" (i64.const 16) (i32.const 0x1fe)) (i32.const 2))
(assert_return (invoke "add8" (i64.const 16) (i32.const 0)) (i32.const 0))
(assert_return (invoke "add8" (i64.const 18) (i32.const 0xff)) (i32.const 0))
(assert_return (invoke "load16" (i64.const 16)) (i64.const 0xff))
(assert_trap (invoke "load16" (i64.const 17)) "unaligned atomic")
(assert_trap (invoke "load16" (i64.const -2)) "out of bounds memory access")
(assert_trap (invoke "add" (i64.const 65536) (i64.const 0)) "out of bounds memory access")
(assert_return (invoke "grow" (i64.const 1)) (i64.const 1))
(assert_return (invoke "add" (i64.const 65536) (i64.const 0)) (i64.const 0))
(assert_return (invoke "grow" (i64.const 2)) (i64.const -1))
(assert_return (invoke "grow" (i64.const 0)) (i64.const 2))

(assert_return (invoke "exchange" (i32.const 9) (i32.const 0) (i32.const 0x1234)) (i32.const 0))
(assert_return (invoke "exchange" (i32.const 9) (i32.const 0x5634) (i32.const 1)) (i32.const 0x34))
(assert_return (invoke "exchange" (i32.const 9) (i32.const 0x34) (i32.const 2)) (i32.const 1))
(assert_trap (invoke "exchange" (i32.const 10) (i32.const 0) (i32.const 0)) "out of bounds memory access")
(assert_return (invoke "load64" (i32.const 0)) (i64.const 0))
(assert_trap (invoke "load64" (i32.const 8)) "out of bounds memory access")

(assert_return (invoke "notify" (i64.const 131068)) (i32.const 0))
(assert_trap (invoke "notify" (i64.const 131072)) "out of bounds memory access")
(assert_trap (invoke "notify" (i64.const 131070)) "unaligned atomic")
(assert_return (invoke "wait" (i64.const 16) (i64.const -1)) (i32.const 1))
(assert_return (invoke "wait" (i64.const 131064) (i64.const 0)) (i32.const 2))
(assert_trap (invoke "wait" (i64.const 131072) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "wait_plain" (i32.const 0)) "expected shared memory")
(assert_trap (invoke "wait_plain" (i32.const 65536)) "expected shared memory")
(assert_trap (invoke "wait_plain" (i32.const 1)) "unaligned atomic")
(assert_return (invoke "notify_plain" (i32.const 65532)) (i32.const 0))
(assert_trap (invoke "notify_plain" (i32.const 65536)) "out of bounds memory access")
(assert_trap (invoke "notify_plain" (i32.const 65533)) "unaligned atomic")
(assert_return (invoke "fence"))

;; Types and limits

(register "m" $m)
(module (import "m" "shared" (memory 1 2 shared)) (import "m" "long" (memory i64 2 3 shared)))
(module (import "m" "ten" (memory 10 20 shared (pagesize 1))))
(assert_unlinkable (module (import "m" "shared" (memory 1 2))) "incompatible import type")
(assert_unlinkable (module (import "m" "shared" (memory 1 1 shared))) "incompatible import type")
(assert_unlinkable (module (import "m" "shared" (memory i64 1 2 shared))) "incompatible import type")
(assert_unlinkable (module (import "m" "ten" (memory 0 20 shared))) "incompatible import type")
(assert_invalid (module (memory 1 shared)) "shared memory must have maximum")
(assert_invalid (module (memory i64 1 shared)) "shared memory must have maximum")
(assert_invalid (module (memory 2 1 shared)) "size minimum must not be greater than maximum")
(assert_invalid (module (memory 1 65537 shared)) "memory size must be at most 65536 pages (4GiB)")
(assert_malformed (module quote "(memory 1 2 shared shared)") "unknown operator")
(assert_malformed (module quote "(table 1 2 shared funcref)") "")

;; The byte after the fence is its ordering

(module (func atomic.fence))
(assert_malformed
  (module binary
    "\00asm" "\01\00\00\00"
    "\01\04\01\60\00\00" "\03\02\01\00"
    "\0a\07\01\05\00" "\fe\03\02" "\0b")
  "malformed ordering")

;; What follows an atomic access, a call or the size is evaluated after it

(module
  (memory 1 4 shared)
  (data (i32.const 100) "\2a")
  (func $grow (result i32) (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))
  (func (export "call") (result i32) (i32.load8_u (call $grow)))
  (func (export "grow") (result i32) (i32.load (i32.mul (memory.grow (i32.const 1)) (i32.const 65536))))
  (func (export "store") (result i32)
    (i32.store (call $grow) (i32.const 7))
    (i32.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 65536))))
  (func (export "order") (result i32)
    (i32.load8_u (i32.const 100))
    (drop (i32.atomic.rmw.xchg (i32.const 100) (i32.const 1)))
    (i32.add (i32.mul (i32.const 100) (i32.load8_u (i32.const 100))))))
(assert_return (invoke "call") (i32.const 0))
(assert_return (invoke "grow") (i32.const 0))
(assert_return (invoke "store") (i32.const 7))
(assert_return (invoke "order") (i32.const 142))

;; Threads

(module $Mem (memory (export "memory") 1 1 shared))
(thread $T1 (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "memory") 1 1 shared)
    (func (export "wait") (result i32)
      (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0x7fff_ffff_ffff_ffff))))
  (assert_return (invoke "wait") (either (i32.const 0) (i32.const 1))))
(thread $T2 (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "memory") 1 1 shared)
    (func (export "wake")
      (i32.atomic.store (i32.const 0) (i32.const 1))
      (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))))
  (invoke "wake"))
(wait $T2)
(wait $T1)
