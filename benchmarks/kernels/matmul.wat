;; The product c of two n × n matrices of doubles a and b (a, b and c in one memory); the result is the sum of c.
;; Written with pointers, as a C compiler does. Made by make_kernels.py.
(module
  (memory (export "memory") 1)
  (func (export "init") (param $n i32)
    (local $i i32) (local $left i32) (local $p i32)
    (local.set $p (i32.const 1024))
    (local.set $i (i32.mul (i32.mul (local.get $n) (local.get $n)) (i32.const 2)))
    (local.set $left (i32.mul (local.get $n) (local.get $n)))
    (loop $fill
      (f64.store (local.get $p)
        (f64.mul
          (f64.convert_i32_u
            (i32.rem_u (i32.mul (local.get $i) (i32.const 7919)) (i32.const 1000)))
          (f64.const 0.001)))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br_if $fill (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.set $p (i32.add (i32.const 1024) (i32.shl (i32.mul (local.get $n) (local.get $n)) (i32.const 3))))
    (local.set $i (i32.mul (i32.mul (local.get $n) (local.get $n)) (i32.const 1)))
    (local.set $left (i32.mul (local.get $n) (local.get $n)))
    (loop $fill
      (f64.store (local.get $p)
        (f64.mul
          (f64.convert_i32_u
            (i32.rem_u (i32.mul (local.get $i) (i32.const 7919)) (i32.const 1000)))
          (f64.const 0.001)))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br_if $fill (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  (func (export "run") (param $n i32) (result f64)
    (local $i i32) (local $j i32) (local $k i32) (local $row i32)
    (local $a i32) (local $b i32) (local $c i32) (local $pa i32) (local $pb i32)
    (local $cell f64) (local $sum f64)
    (local.set $row (i32.shl (local.get $n) (i32.const 3)))
    (local.set $a (i32.const 1024))
    (local.set $b (i32.add (i32.const 1024) (i32.mul (local.get $row) (local.get $n))))
    (local.set $c (i32.add (local.get $b) (i32.mul (local.get $row) (local.get $n))))
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $cell (f64.const 0))
        (local.set $k (local.get $n))
        (local.set $pa (local.get $a))
        (local.set $pb (i32.add (local.get $b) (i32.shl (local.get $j) (i32.const 3))))
        (loop $products
          (local.set $cell
            (f64.add
              (local.get $cell)
              (f64.mul (f64.load (local.get $pa)) (f64.load (local.get $pb)))))
          (local.set $pa (i32.add (local.get $pa) (i32.const 8)))
          (local.set $pb (i32.add (local.get $pb) (local.get $row)))
          (br_if $products (local.tee $k (i32.add (local.get $k) (i32.const -1)))))
        (f64.store (i32.add (local.get $c) (i32.shl (local.get $j) (i32.const 3))) (local.get $cell))
        (local.set $sum (f64.add (local.get $sum) (local.get $cell)))
        (br_if $columns
          (i32.ne (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (local.set $a (i32.add (local.get $a) (local.get $row)))
      (local.set $c (i32.add (local.get $c) (local.get $row)))
      (br_if $rows
        (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum)))
