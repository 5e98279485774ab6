;; What the helpers for memories of their own, and the dispatcher of imports, need of Pyodide's memory and table.
(module
  (import "python" "memory" (memory 0))
  (func (export "word") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "get") (param i32) (result i64) (i64.load (local.get 0)))
  (func (export "put") (param i32 i64) (i64.store (local.get 0) (local.get 1))))
