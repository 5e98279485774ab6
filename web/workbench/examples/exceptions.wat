;; An exception with a payload, caught by its tag; what was written before it stays.
(module
  (import "host" "log" (func $log (param i32)))
  (memory (export "memory") 1)
  (tag $overdrawn (param i32))

  (func $withdraw (param $amount i32)
    (local $balance i32)
    (local.set $balance (i32.load (i32.const 0)))
    (call $log (local.get $balance))
    (if (i32.lt_s (local.get $balance) (local.get $amount))
      (then (throw $overdrawn (i32.sub (local.get $amount) (local.get $balance)))))
    (i32.store (i32.const 0) (i32.sub (local.get $balance) (local.get $amount))))

  (func (export "deposit") (param $amount i32)
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (local.get $amount))))

  ;; What is missing, or 0.
  (func (export "withdraw") (param $amount i32) (result i32)
    (block $missing (result i32)
      (try_table (catch $overdrawn $missing)
        (call $withdraw (local.get $amount)))
      (i32.const 0)))

  (func (export "withdraw or throw") (param $amount i32)
    (call $withdraw (local.get $amount))))
