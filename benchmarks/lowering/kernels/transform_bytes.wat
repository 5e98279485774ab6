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
    (local $i i32) (local $c i32) (local $s i32)
    (loop $l
      (local.set $c (i32.add (i32.xor (i32.load8_u $m1  (i32.add (local.get $src) (local.get $i))) (local.get $key)) (local.get $i)))
      (i32.store8 (i32.add (local.get $dst) (local.get $i)) (local.get $c))
      (local.set $s (i32.add (local.get $s) (i32.and (local.get $c) (i32.const 255))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $len))))
    (local.get $s))
  (func (export "run") (param $n i32) (result i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (call $xform (i32.const 0) (i32.const 0) (i32.const 65536) (i32.and (local.get $n) (i32.const 255)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))
