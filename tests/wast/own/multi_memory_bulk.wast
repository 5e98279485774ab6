;; memory.copy between all pairs of memories, memory.fill and memory.init on each, their bounds, and that a trap
;; leaves everything as it was.

(module
  (memory $a 1) (memory $b 1 3) (memory $c 0)
  (data (memory $a) (i32.const 0) "abcdefgh")
  (data (memory $b) (i32.const 0) "ABCDEFGH")
  (data $d "0123456789")

  (func (export "copy aa") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy ab") (param i32 i32 i32) (memory.copy $a $b (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy ba") (param i32 i32 i32) (memory.copy $b $a (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy bb") (param i32 i32 i32) (memory.copy $b $b (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy ac") (param i32 i32 i32) (memory.copy $a $c (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy ca") (param i32 i32 i32) (memory.copy $c $a (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy cc") (param i32 i32 i32) (memory.copy $c $c (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill a") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill b") (param i32 i32 i32) (memory.fill $b (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill c") (param i32 i32 i32) (memory.fill $c (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init a") (param i32 i32 i32) (memory.init $d (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init b") (param i32 i32 i32) (memory.init $b $d (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init c") (param i32 i32 i32) (memory.init $c $d (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop") (data.drop $d))
  (func (export "grow c") (param i32) (result i32) (memory.grow $c (local.get 0)))
  (func (export "a") (param i32) (result i64) (i64.load $a (local.get 0)))
  (func (export "b") (param i32) (result i64) (i64.load $b (local.get 0)))
  (func (export "c") (param i32) (result i64) (i64.load $c (local.get 0)))
)

;; across memories
(assert_return (invoke "copy ab" (i32.const 2) (i32.const 4) (i32.const 3)))
(assert_return (invoke "a" (i32.const 0)) (i64.const 0x6867_6647_4645_6261))
(assert_return (invoke "b" (i32.const 0)) (i64.const 0x4847464544434241))
(assert_return (invoke "copy ba" (i32.const 0) (i32.const 0) (i32.const 2)))
(assert_return (invoke "b" (i32.const 0)) (i64.const 0x4847464544436261))
(assert_return (invoke "a" (i32.const 0)) (i64.const 0x6867664746456261))

;; overlapping, both directions
(assert_return (invoke "copy bb" (i32.const 1) (i32.const 0) (i32.const 7)))
(assert_return (invoke "b" (i32.const 0)) (i64.const 0x4746454443626161))
(assert_return (invoke "copy bb" (i32.const 0) (i32.const 1) (i32.const 7)))
(assert_return (invoke "b" (i32.const 0)) (i64.const 0x4747464544436261))
(assert_return (invoke "copy aa" (i32.const 3) (i32.const 0) (i32.const 5)))
(assert_return (invoke "a" (i32.const 0)) (i64.const 0x4746456261456261))

;; fill takes the lowest byte of its value
(assert_return (invoke "fill b" (i32.const 1) (i32.const 0x1ff) (i32.const 2)))
(assert_return (invoke "b" (i32.const 0)) (i64.const 0x4747464544ffff61))
(assert_return (invoke "fill a" (i32.const 0) (i32.const 0) (i32.const 8)))
(assert_return (invoke "a" (i32.const 0)) (i64.const 0))
(assert_return (invoke "b" (i32.const 0)) (i64.const 0x4747464544ffff61))

;; init
(assert_return (invoke "init b" (i32.const 4) (i32.const 8) (i32.const 2)))
(assert_return (invoke "b" (i32.const 0)) (i64.const 0x4747393844ffff61))
(assert_return (invoke "a" (i32.const 0)) (i64.const 0))

;; bounds are those of the memory named; nothing is written where either end is out of bounds
(assert_trap (invoke "copy ab" (i32.const 0xfffe) (i32.const 0) (i32.const 3)) "out of bounds memory access")
(assert_trap (invoke "copy ab" (i32.const 0) (i32.const 0xfffe) (i32.const 3)) "out of bounds memory access")
(assert_trap (invoke "copy ba" (i32.const -1) (i32.const 0) (i32.const 1)) "out of bounds memory access")
(assert_trap (invoke "copy ac" (i32.const 0) (i32.const 0) (i32.const 1)) "out of bounds memory access")
(assert_trap (invoke "copy ca" (i32.const 0) (i32.const 0) (i32.const 1)) "out of bounds memory access")
(assert_trap (invoke "fill b" (i32.const 0xfff8) (i32.const 9) (i32.const 9)) "out of bounds memory access")
(assert_trap (invoke "fill c" (i32.const 0) (i32.const 9) (i32.const 1)) "out of bounds memory access")
(assert_trap (invoke "init b" (i32.const 0xffff) (i32.const 0) (i32.const 2)) "out of bounds memory access")
(assert_trap (invoke "init b" (i32.const 0) (i32.const 9) (i32.const 2)) "out of bounds memory access")
(assert_trap (invoke "init c" (i32.const 0) (i32.const 0) (i32.const 1)) "out of bounds memory access")
(assert_return (invoke "a" (i32.const 0)) (i64.const 0))
(assert_return (invoke "a" (i32.const 0xfff8)) (i64.const 0))
(assert_return (invoke "b" (i32.const 0)) (i64.const 0x4747393844ffff61))
(assert_return (invoke "b" (i32.const 0xfff8)) (i64.const 0))

;; nothing, at the very end, is in bounds; past it, it is not
(assert_return (invoke "copy ac" (i32.const 0x10000) (i32.const 0) (i32.const 0)))
(assert_return (invoke "copy cc" (i32.const 0) (i32.const 0) (i32.const 0)))
(assert_return (invoke "fill c" (i32.const 0) (i32.const 0) (i32.const 0)))
(assert_return (invoke "init c" (i32.const 0) (i32.const 10) (i32.const 0)))
(assert_trap (invoke "copy ac" (i32.const 0x10001) (i32.const 0) (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "copy ac" (i32.const 0) (i32.const 1) (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "fill c" (i32.const 1) (i32.const 0) (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "init c" (i32.const 0) (i32.const 11) (i32.const 0)) "out of bounds memory access")

;; a memory that was empty works after it has grown
(assert_return (invoke "grow c" (i32.const 1)) (i32.const 0))
(assert_return (invoke "init c" (i32.const 0xfff8) (i32.const 0) (i32.const 8)))
(assert_return (invoke "c" (i32.const 0xfff8)) (i64.const 0x3736353433323130))
(assert_return (invoke "copy ac" (i32.const 0) (i32.const 0xfff8) (i32.const 8)))
(assert_return (invoke "a" (i32.const 0)) (i64.const 0x3736353433323130))
(assert_return (invoke "copy cc" (i32.const 0) (i32.const 0xfffc) (i32.const 4)))
(assert_return (invoke "c" (i32.const 0)) (i64.const 0x37363534))

;; a dropped segment is empty for every memory
(assert_return (invoke "drop"))
(assert_trap (invoke "init a" (i32.const 0) (i32.const 0) (i32.const 1)) "out of bounds memory access")
(assert_trap (invoke "init b" (i32.const 0) (i32.const 0) (i32.const 1)) "out of bounds memory access")
(assert_return (invoke "init b" (i32.const 0) (i32.const 0) (i32.const 0)))
(assert_return (invoke "drop"))
