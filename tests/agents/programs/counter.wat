;; Workers that add to one counter: every addition counts.
(module
  (memory (export "memory") (import "env" "memory") 1 1 shared)
  (func (export "count") (param $times i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $times)))
        (drop (i32.atomic.rmw.add (i32.const 64) (i32.const 1)))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br $again)))))
