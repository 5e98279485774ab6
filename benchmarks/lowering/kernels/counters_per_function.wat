(module
  (memory $m0 (export "mem0") 64)
  (memory $m1 (export "mem1") 64)
  (func (export "init"))
  (func $fill (param $n i32) (param $seed i32) (local $i i32)
    (i32.store8 $m1  (i32.const 0) (i32.const 1))
    (loop $l
      
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (i32.shr_u (local.get $seed) (i32.const 4)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
  (func $isort (param $lo i32) (param $hi i32) (local $i i32) (local $j i32) (local $v i32)
    (i32.store8 $m1 offset=2 (i32.const 0) (i32.const 1))
    (local.set $i (i32.add (local.get $lo) (i32.const 4)))
    (block $done (loop $outer
      (br_if $done (i32.gt_u (local.get $i) (local.get $hi)))
      
      (local.set $v (i32.load (local.get $i)))
      (local.set $j (local.get $i))
      (block $stop (loop $inner
        (br_if $stop (i32.le_u (local.get $j) (local.get $lo)))
        (br_if $stop (i32.le_u (i32.load (i32.sub (local.get $j) (i32.const 4))) (local.get $v)))
        
        (i32.store (local.get $j) (i32.load (i32.sub (local.get $j) (i32.const 4))))
        (local.set $j (i32.sub (local.get $j) (i32.const 4)))
        (br $inner)))
      (i32.store (local.get $j) (local.get $v))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br $outer))))
  (func $qsort (param $lo i32) (param $hi i32) (local $i i32) (local $j i32) (local $p i32) (local $t i32)
    (i32.store8 $m1 offset=5 (i32.const 0) (i32.const 1))
    (if (i32.lt_u (i32.sub (local.get $hi) (local.get $lo)) (i32.const 64)) (then
      
      (call $isort (local.get $lo) (local.get $hi)) (return)))
    (local.set $p (i32.load (i32.and (i32.shr_u (i32.add (local.get $lo) (local.get $hi)) (i32.const 1)) (i32.const -4))))
    (local.set $i (local.get $lo)) (local.set $j (local.get $hi))
    (block $end (loop $part
      
      (block $b1 (loop $l1 (br_if $b1 (i32.ge_u (i32.load (local.get $i)) (local.get $p)))
        
        (local.set $i (i32.add (local.get $i) (i32.const 4))) (br $l1)))
      (block $b2 (loop $l2 (br_if $b2 (i32.le_u (i32.load (local.get $j)) (local.get $p)))
        
        (local.set $j (i32.sub (local.get $j) (i32.const 4))) (br $l2)))
      (br_if $end (i32.ge_s (local.get $i) (local.get $j)))
      
      (local.set $t (i32.load (local.get $i)))
      (i32.store (local.get $i) (i32.load (local.get $j)))
      (i32.store (local.get $j) (local.get $t))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (local.set $j (i32.sub (local.get $j) (i32.const 4)))
      (br $part)))
    (call $qsort (local.get $lo) (local.get $j))
    (call $qsort (i32.add (local.get $j) (i32.const 4)) (local.get $hi)))
  (func $check (param $n i32) (result i32) (local $i i32) (local $s i32)
    (i32.store8 $m1 offset=11 (i32.const 0) (i32.const 1))
    (loop $l
      
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (i32.load (i32.shl (local.get $i) (i32.const 2)))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $s))
  (func (export "run") (param $n i32) (result i32) (local $s i32)
    (loop $l
      (call $fill (i32.const 4096) (local.get $n))
      (call $qsort (i32.const 0) (i32.const 16380))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (call $check (i32.const 4096))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $s) (i32.load8_u $m1 offset=5 (i32.const 0)))))
