(module
  (memory $m0 (export "mem0") 64)
  (memory $m1 (export "mem1") 64)
  (memory $m2 (export "mem2") 64)
  (func (export "init") (local $i i32)
    (loop $l
      (f64.store (i32.shl (local.get $i) (i32.const 3)) (f64.div (f64.convert_i32_s (i32.rem_u (i32.mul (local.get $i) (i32.const 7)) (i32.const 31))) (f64.const 8)))
      (f64.store $m1  (i32.shl (local.get $i) (i32.const 3)) (f64.div (f64.convert_i32_s (i32.rem_u (i32.mul (local.get $i) (i32.const 13)) (i32.const 29))) (f64.const 8)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 9216)))))
  (func $mm (param $n i32) (result f64) (local $i i32) (local $j i32) (local $k i32) (local $s f64) (local $t f64) (local $a i32) (local $b i32)
    (loop $li
      (local.set $j (i32.const 0))
      (loop $lj
        (local.set $k (i32.const 0)) (local.set $s (f64.const 0))
        (local.set $a (i32.shl (i32.mul (local.get $i) (local.get $n)) (i32.const 3)))
        (local.set $b (i32.shl (local.get $j) (i32.const 3)))
        (loop $lk
          (local.set $s (f64.add (local.get $s) (f64.mul (f64.load (local.get $a)) (f64.load $m1  (local.get $b)))))
          (local.set $a (i32.add (local.get $a) (i32.const 8)))
          (local.set $b (i32.add (local.get $b) (i32.shl (local.get $n) (i32.const 3))))
          (br_if $lk (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $n))))
        (f64.store $m2  (i32.shl (i32.add (i32.mul (local.get $i) (local.get $n)) (local.get $j)) (i32.const 3)) (local.get $s))
        (local.set $t (f64.add (local.get $t) (local.get $s)))
        (br_if $lj (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (br_if $li (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $t))
  (func (export "run") (param $n i32) (result i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (i32.trunc_f64_s (call $mm (i32.const 96)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))
