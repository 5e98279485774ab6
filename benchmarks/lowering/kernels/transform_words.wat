(module
  (memory $m0 (export "mem0") 64)
  (memory $m1 (export "mem1") 64)
  (func (export "init") (local $i i32) (local $x i32)
    (local.set $x (i32.const 12345))
    (loop $l
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store8 $m1  (local.get $i) (i32.shr_u (local.get $x) (i32.const 24)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 65536)))))
  (func $xform (param $dst i32) (param $src i32) (param $len i32) (param $key i32) (result i32)
    (local $i i32) (local $c i64) (local $s i64)
    (loop $l
      (local.set $c (i64.add (i64.xor (i64.load $m1  (i32.add (local.get $src) (local.get $i))) (i64.mul (i64.extend_i32_u (local.get $key)) (i64.const 0x0101010101010101))) (i64.extend_i32_u (local.get $i))))
      (i64.store (i32.add (local.get $dst) (local.get $i)) (local.get $c))
      (local.set $s (i64.add (i64.rotl (local.get $s) (i64.const 1)) (local.get $c)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (local.get $len))))
    (i32.wrap_i64 (i64.xor (local.get $s) (i64.shr_u (local.get $s) (i64.const 32)))))
  (func (export "run") (param $n i32) (result i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (call $xform (i32.const 0) (i32.const 0) (i32.const 65536) (i32.and (local.get $n) (i32.const 255)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))
