;; Turns texts around: they come in one memory and go out in another.
(module
  (import "env" "done" (func $done (param i32)))
  (memory (export "in") 1)
  (memory (export "out") 1)
  (global $turned (export "turned") (mut i64) (i64.const 0))
  (func (export "turn") (param $length i32)
    (local $k i32)
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $k) (local.get $length)))
        (i32.store8 1
          (i32.sub (i32.sub (local.get $length) (local.get $k)) (i32.const 1))
          (i32.load8_u 0 (local.get $k)))
        (local.set $k (i32.add (local.get $k) (i32.const 1)))
        (br $next)))
    (global.set $turned (i64.add (global.get $turned) (i64.const 1)))
    (call $done (local.get $length))))
