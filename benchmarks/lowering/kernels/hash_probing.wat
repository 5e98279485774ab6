(module
  (memory $m0 (export "mem0") 64)
  (memory $m1 (export "mem1") 64)
  (func (export "init") (local $i i32) (local $x i32)
    (local.set $x (i32.const 99))
    (loop $l
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (i32.or (i32.shr_u (local.get $x) (i32.const 8)) (i32.const 1)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 8192)))))
  ;; table: 16384 slots x 8 bytes (key i32, val i32) at 0 in memory 1
  (func $add (param $key i32) (param $inc i32) (result i32) (local $h i32) (local $k i32) (local $v i32)
    (local.set $h (i32.and (i32.shr_u (i32.mul (local.get $key) (i32.const -1640531527)) (i32.const 15)) (i32.const 0x1fff8)))
    (block $ins
      (block $found
        (loop $probe
          (local.set $k (i32.load $m1  (local.get $h)))
          (br_if $found (i32.eq (local.get $k) (local.get $key)))
          (br_if $ins (i32.eqz (local.get $k)))
          (local.set $h (i32.and (i32.add (local.get $h) (i32.const 8)) (i32.const 0x1fff8)))
          (br $probe)))
      (i32.store $m1 offset=4 (local.get $h) (local.tee $v (i32.add (i32.load $m1 offset=4 (local.get $h)) (local.get $inc))))
      (return (local.get $v)))
    (i32.store $m1  (local.get $h) (local.get $key))
    (i32.store $m1 offset=4 (local.get $h) (local.get $inc))
    (local.get $inc))
  (func $clear (local $i i32)
    (loop $l (i64.store $m1  (local.get $i) (i64.const 0))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 131072)))))
  (func $pass (param $r i32) (result i32) (local $i i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (i32.rotl (local.get $s) (i32.const 3)) (call $add (i32.load (local.get $i)) (local.get $r))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 32768))))
    (local.get $s))
  (func (export "run") (param $n i32) (result i32) (local $s i32)
    (call $clear)
    (loop $l
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (call $pass (local.get $n))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))
