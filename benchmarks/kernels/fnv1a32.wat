;; FNV-1a, 32 bits, of n bytes at p: byte loads, one multiplication each.
(module
  (memory (export "memory") 1)
  ;; Fill n bytes at p with the upper bytes of a linear congruential generator.
  (func (export "init") (param $p i32) (param $n i32)
    (local $state i32)
    (loop $bytes
      (local.set $state
        (i32.add (i32.mul (local.get $state) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store8 (local.get $p) (i32.shr_u (local.get $state) (i32.const 24)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $bytes (local.tee $n (i32.add (local.get $n) (i32.const -1))))))
  (func (export "run") (param $p i32) (param $n i32) (result i32)
    (local $hash i32)
    (local.set $hash (i32.const 0x811c9dc5))
    (block $empty
      (br_if $empty (i32.eqz (local.get $n)))
      (loop $bytes
        (local.set $hash
          (i32.mul (i32.xor (local.get $hash) (i32.load8_u (local.get $p))) (i32.const 0x01000193)))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br_if $bytes (local.tee $n (i32.add (local.get $n) (i32.const -1))))))
    (local.get $hash)))
