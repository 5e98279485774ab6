;; One producer and one consumer, and between them a ring of 16 words. Word 0 counts what was put, word 1 (at 64) what
;; was taken; each side waits for the other's count to change.
(module
  (memory (import "env" "memory") 1 1 shared)

  (func $slot (param $number i32) (result i32)
    (i32.add (i32.const 1024)
      (i32.shl (i32.and (local.get $number) (i32.const 15)) (i32.const 2))))

  (func (export "put") (param $value i32)
    (local $put i32) (local $taken i32)
    (local.set $put (i32.atomic.load (i32.const 0)))
    (block $room
      (loop $full
        (local.set $taken (i32.atomic.load (i32.const 64)))
        (br_if $room
          (i32.lt_u (i32.sub (local.get $put) (local.get $taken)) (i32.const 16)))
        (drop (memory.atomic.wait32 (i32.const 64) (local.get $taken) (i64.const -1)))
        (br $full)))
    (i32.store (call $slot (local.get $put)) (local.get $value))
    (i32.atomic.store (i32.const 0) (i32.add (local.get $put) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))

  (func (export "take") (result i32)
    (local $put i32) (local $taken i32) (local $value i32)
    (local.set $taken (i32.atomic.load (i32.const 64)))
    (block $any
      (loop $empty
        (local.set $put (i32.atomic.load (i32.const 0)))
        (br_if $any (i32.ne (local.get $put) (local.get $taken)))
        (drop (memory.atomic.wait32 (i32.const 0) (local.get $put) (i64.const -1)))
        (br $empty)))
    (local.set $value (i32.load (call $slot (local.get $taken))))
    (i32.atomic.store (i32.const 64) (i32.add (local.get $taken) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 64) (i32.const 1)))
    (local.get $value)))
