;; What a module may ask for: limits of memories and tables, indices, alignments, offsets.

(module (memory 0) (memory 0 0) (memory 1 65536) (memory i64 0 65537))
(module definition (memory 65536 65536) (memory i64 0x1_0000_0000_0000))
(assert_invalid (module (memory 2 1)) "size minimum must not be greater than maximum")
(assert_invalid (module (memory 0) (memory 2 1)) "size minimum must not be greater than maximum")
(assert_invalid (module (memory 65537)) "memory size")
(assert_invalid (module (memory 0) (memory 0 65537)) "memory size")
(assert_invalid (module (memory i64 0x1_0000_0000_0001)) "memory size")
(assert_invalid (module (import "" "" (memory 65537))) "memory size")
(assert_invalid (module (table 2 1 funcref)) "size minimum must not be greater than maximum")
(assert_malformed (module quote "(memory 0x1_0000_0000_0000_0000)") "i64 constant out of range")

;; every instruction with a memory index checks it
(assert_invalid (module (func (drop (i32.load (i32.const 0))))) "unknown memory 0")
(assert_invalid (module (memory 0) (func (drop (i64.load8_s 1 (i32.const 0))))) "unknown memory 1")
(assert_invalid (module (memory 0) (func (f32.store 1 (i32.const 0) (f32.const 0)))) "unknown memory 1")
(assert_invalid (module (memory 0) (func (drop (memory.size 1)))) "unknown memory 1")
(assert_invalid (module (memory 0) (func (drop (memory.grow 1 (i32.const 0))))) "unknown memory 1")
(assert_invalid (module (memory 0) (func (memory.fill 1 (i32.const 0) (i32.const 0) (i32.const 0)))) "unknown memory 1")
(assert_invalid (module (memory 0) (func (memory.copy 0 1 (i32.const 0) (i32.const 0) (i32.const 0)))) "unknown memory 1")
(assert_invalid (module (memory 0) (func (memory.copy 1 0 (i32.const 0) (i32.const 0) (i32.const 0)))) "unknown memory 1")
(assert_invalid
  (module (memory 0) (data "") (func (memory.init 1 0 (i32.const 0) (i32.const 0) (i32.const 0))))
  "unknown memory 1"
)
(assert_invalid
  (module (memory 0) (data "") (func (memory.init 0 1 (i32.const 0) (i32.const 0) (i32.const 0))))
  "unknown data segment"
)
(assert_invalid (module (memory 0) (data (memory 1) (i32.const 0) "")) "unknown memory 1")
(assert_invalid (module (memory 0) (export "m" (memory 1))) "unknown memory 1")

;; alignments up to the width of the access
(module (memory 1) (memory 1) (func (drop (i64.load 1 align=8 (i32.const 0)))))
(assert_invalid
  (module (memory 1) (memory 1) (func (drop (i64.load 1 align=16 (i32.const 0)))))
  "alignment must not be larger than natural"
)
(assert_invalid
  (module (memory 1) (memory 1) (func (i32.store8 1 align=2 (i32.const 0) (i32.const 0))))
  "alignment must not be larger than natural"
)
(assert_malformed (module quote "(memory 1) (func (drop (i32.load align=3 (i32.const 0))))") "alignment")

;; the address type of the memory named decides
(module
  (memory $m 1) (memory $n i64 1)
  (func (export "both") (result i32 i64 i32)
    (memory.copy $n $m (i64.const 8) (i32.const 0) (i32.const 4))
    (memory.fill $m (i32.const 0) (i32.const 1) (i32.const 4))
    (memory.copy $m $n (i32.const 16) (i64.const 0) (i32.const 4))
    (i32.load $m (i32.const 0))
    (memory.size $n)
    (i32.load $n (i64.const 8))))
(assert_return (invoke "both") (i32.const 0x01010101) (i64.const 1) (i32.const 0))
(assert_invalid (module (memory i64 1) (func (drop (i32.load (i32.const 0))))) "type mismatch")
(assert_invalid (module (memory 1) (memory i64 1) (func (drop (i32.load 1 (i32.const 0))))) "type mismatch")
(assert_invalid (module (memory 1) (memory i64 1) (func (result i32) (memory.size 1))) "type mismatch")
(assert_invalid (module (memory i64 1) (data (i32.const 0) "")) "type mismatch")
(assert_invalid
  (module (memory 1) (func (drop (i32.load offset=0x1_0000_0000 (i32.const 0)))))
  "offset out of range"
)

;; active segments of each memory run in order; those before a trap stay written
(module $M (memory (export "m") 1) (memory (export "n") 1) (func (export "m0") (result i32) (i32.load8_u (i32.const 0))))
(register "M" $M)
(assert_trap
  (module
    (import "M" "m" (memory 1)) (import "M" "n" (memory $n 1))
    (data (i32.const 0) "x") (data (memory $n) (i32.const 0xffff) "yy"))
  "out of bounds memory access"
)
(assert_return (invoke $M "m0") (i32.const 0x78))
