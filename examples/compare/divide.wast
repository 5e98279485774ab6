(module (func (export "rem") (param i64 i64) (result i64) (i64.rem_u (local.get 0) (local.get 1))))
(assert_return (invoke "rem" (i64.const -1) (i64.const 10)) (i64.const 5))
(assert_trap (invoke "rem" (i64.const 1) (i64.const 0)) "integer divide by zero")
