;; The one function of Pyodide's table that calls JavaScript: METH_FASTCALL, `self` is an integer that names the callee.
(module
  (import "python" "PyLong_AsLong" (func $as_long (param i32) (result i32)))
  (import "link" "call" (func $call (param i32 i32 i32) (result i32)))
  (func (export "dispatch") (param $self i32) (param $args i32) (param $nargs i32) (result i32)
    (call $call (call $as_long (local.get $self)) (local.get $args) (local.get $nargs))))
