;; What a call between Python and an engine's own function needs beside the C API: exact conversions of f32, and a trap.
(module
  (import "python" "PyFloat_AsDouble" (func $as_f64 (param i32) (result f64)))
  (import "python" "PyFloat_FromDouble" (func $from_f64 (param f64) (result i32)))
  ;; An f32 is an f64 in Python; the payload of a NaN is moved together with the quiet bit.
  (func (export "fromF32") (param $value f32) (result i32)
    (local $bits i32)
    (if (f32.eq (local.get $value) (local.get $value)) (then
      (return (call $from_f64 (f64.promote_f32 (local.get $value))))))
    (local.set $bits (i32.reinterpret_f32 (local.get $value)))
    (call $from_f64 (f64.reinterpret_i64 (i64.or
      (i64.or (i64.shl (i64.extend_i32_u (i32.and (local.get $bits) (i32.const 0x80000000))) (i64.const 32))
              (i64.const 0x7ff0000000000000))
      (i64.shl (i64.extend_i32_u (i32.and (local.get $bits) (i32.const 0x7fffff))) (i64.const 29))))))
  (func (export "asF32") (param $object i32) (result f32)
    (local $value f64) (local $wide i64) (local $payload i32)
    (local.set $value (call $as_f64 (local.get $object)))
    (if (f64.eq (local.get $value) (local.get $value)) (then
      (return (f32.demote_f64 (local.get $value)))))
    (local.set $wide (i64.reinterpret_f64 (local.get $value)))
    (local.set $payload (i32.and (i32.wrap_i64 (i64.shr_u (local.get $wide) (i64.const 29))) (i32.const 0x7fffff)))
    (f32.reinterpret_i32
      (i32.or (i32.or (i32.and (i32.wrap_i64 (i64.shr_u (local.get $wide) (i64.const 32))) (i32.const 0x80000000))
                      (i32.const 0x7f800000))
              (select (local.get $payload) (i32.const 0x400000) (local.get $payload)))))
  (func (export "trap") unreachable))
