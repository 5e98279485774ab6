;; Turns letters by 13 places, from one memory into the other.
(module
  (memory $in (export "in") 1)
  (memory $out (export "out") 1)
  (func $turned (param $byte i32) (result i32)
    (local $letter i32)   ;; 0 for a and A, 25 for z and Z, more for what is no letter
    (local.set $letter (i32.sub (i32.or (local.get $byte) (i32.const 0x20)) (i32.const 0x61)))
    (if (result i32) (i32.lt_u (local.get $letter) (i32.const 26))
      (then (i32.add (local.get $byte)
        (select (i32.const 13) (i32.const -13) (i32.lt_u (local.get $letter) (i32.const 13)))))
      (else (local.get $byte))))
  (func (export "turn") (param $count i32)
    (loop $more
      (if (local.get $count)
        (then
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (i32.store8 $out (local.get $count)
            (call $turned (i32.load8_u $in (local.get $count))))
          (br $more))))))
