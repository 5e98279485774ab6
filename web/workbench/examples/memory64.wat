;; A memory with 64-bit addresses beside one with 32-bit addresses.
(module
  (memory $wide (export "wide") i64 1 8)
  (memory $narrow (export "narrow") 1)

  (func (export "put") (param $at i64) (param $value i64)
    (i64.store $wide (local.get $at) (local.get $value)))

  (func (export "get") (param $at i64) (result i64)
    (i64.load $wide (local.get $at)))

  (func (export "to narrow") (param $from i64) (param $to i32) (param $bytes i32)
    (memory.copy $narrow $wide (local.get $to) (local.get $from) (local.get $bytes)))

  (func (export "grow") (param $pages i64) (result i64)
    (memory.grow $wide (local.get $pages))))
