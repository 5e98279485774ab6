(module
  (memory $m0 (export "mem0") 64)
  (memory $m1 (export "mem1") 64)
  (func (export "init") (local $i i32) (local $x i32)
    (loop $l (i32.store (local.get $i) (local.tee $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 2097152)))))
  (func $cp (param $d i32) (param $s i32) (param $n i32) (memory.copy $m1 $m0 (local.get $d) (local.get $s) (local.get $n)))
  (func (export "run") (param $n i32) (result i32) (local $s i32) (local $i i32)
    (loop $l
      (local.set $i (i32.const 0))
      (loop $k
        (call $cp (i32.shl (local.get $i) (i32.const 4)) (i32.add (i32.mul (local.get $i) (i32.const 24)) (local.get $n)) (i32.const 256))
        (br_if $k (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096))))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (i32.load $m1  (i32.const 5000))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))
