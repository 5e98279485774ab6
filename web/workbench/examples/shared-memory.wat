;; A shared memory with a counter that every thread may add to.
(module
  (memory $shared (export "shared") 1 4 shared)

  (func (export "add") (param $by i32) (result i32)
    (i32.atomic.rmw.add (i32.const 8) (local.get $by)))

  (func (export "get") (result i32)
    (i32.atomic.load (i32.const 8)))

  ;; 0 if somebody was woken first, 1 if the counter has another value, 2 when the time (ns) is over.
  (func (export "wait") (param $while i32) (param $ns i64) (result i32)
    (memory.atomic.wait32 (i32.const 8) (local.get $while) (local.get $ns)))

  (func (export "notify") (result i32)
    (memory.atomic.notify (i32.const 8) (i32.const 10))))
