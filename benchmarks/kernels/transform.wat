;; n bytes at p, within one memory, to q: each word rotated, combined with a key; then each byte, with capital
;; letters for small ones, to where it was written. The result is a checksum. Made by make_kernels.py.
(module
  (memory (export "memory") 2)
  ;; Fill n bytes at p with the upper bytes of a linear congruential generator.
  (func (export "init") (param $p i32) (param $n i32)
    (local $state i32)
    (loop $bytes
      (local.set $state
        (i32.add (i32.mul (local.get $state) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store8 (local.get $p) (i32.shr_u (local.get $state) (i32.const 24)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $bytes (local.tee $n (i32.add (local.get $n) (i32.const -1))))))
  (func (export "run") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $from i32) (local $to i32) (local $left i32) (local $byte i32) (local $word i32)
    (local $sum i32)
    (local.set $from (local.get $p))
    (local.set $to (local.get $q))
    (local.set $left (i32.shr_u (local.get $n) (i32.const 2)))
    (loop $words
      (local.set $word
        (i32.xor (i32.rotl (i32.load (local.get $from)) (i32.const 7)) (i32.const 0x9e3779b9)))
      (i32.store (local.get $to) (local.get $word))
      (local.set $sum (i32.add (local.get $sum) (local.get $word)))
      (local.set $from (i32.add (local.get $from) (i32.const 4)))
      (local.set $to (i32.add (local.get $to) (i32.const 4)))
      (br_if $words (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.set $from (local.get $p))
    (local.set $to (local.get $q))
    (loop $bytes
      (local.set $byte (i32.load8_u (local.get $from)))
      (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 97)) (i32.const 26))
        (then (local.set $byte (i32.sub (local.get $byte) (i32.const 32)))))
      (local.set $sum
        (i32.add
          (i32.mul (local.get $sum) (i32.const 31))
          (i32.xor (local.get $byte) (i32.load8_u (local.get $to)))))
      (i32.store8 (local.get $to) (local.get $byte))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br_if $bytes (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
