;; Everybody makes the memory grow, page by page, and looks at the last word of what there is.
(module
  (memory (import "env" "memory") 1 4000 shared)
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "size") (result i32) memory.size)
  (func (export "last") (result i32)
    (i32.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)))))
