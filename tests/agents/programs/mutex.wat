;; A mutex of one word: 0 is free, 1 is locked, 2 is locked and somebody may wait. What it guards is a counter that is
;; read and written by plain instructions.
(module
  (memory (import "env" "memory") 1 1 shared)

  (func $lock (export "lock") (param $at i32)
    (local $seen i32)
    (local.set $seen
      (i32.atomic.rmw.cmpxchg (local.get $at) (i32.const 0) (i32.const 1)))
    (block $locked
      (br_if $locked (i32.eqz (local.get $seen)))
      (loop $again
        ;; Whoever has waited does not know whether others do: it must say that they may.
        (br_if $locked
          (i32.eqz (i32.atomic.rmw.xchg (local.get $at) (i32.const 2))))
        (drop (memory.atomic.wait32 (local.get $at) (i32.const 2) (i64.const -1)))
        (br $again))))

  (func $unlock (export "unlock") (param $at i32)
    (if (i32.eq (i32.atomic.rmw.xchg (local.get $at) (i32.const 0)) (i32.const 2))
      (then (drop (memory.atomic.notify (local.get $at) (i32.const 1))))))

  (func (export "count") (param $times i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $times)))
        (call $lock (i32.const 0))
        (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
        (call $unlock (i32.const 0))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br $again)))))
