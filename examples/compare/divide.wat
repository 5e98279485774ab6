;; Integer division, and the square root of what is left.
(module
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "root") (param i32 i32) (result f64)
    (f64.sqrt (f64.convert_i32_s (i32.rem_s (local.get 0) (local.get 1))))))
