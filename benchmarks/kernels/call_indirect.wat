;; Four functions called in turn through a table.
(module
  (type $binary (func (param i32 i32) (result i32)))
  (table 4 funcref)
  (elem (i32.const 0) func $add $sub $mul $xor)
  (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
  (func $sub (type $binary) (i32.sub (local.get 0) (local.get 1)))
  (func $mul (type $binary) (i32.mul (local.get 0) (local.get 1)))
  (func $xor (type $binary) (i32.xor (local.get 0) (local.get 1)))
  (func (export "run") (param $n i32) (result i32)
    (local $x i32)
    (loop $calls
      (local.set $x
        (call_indirect (type $binary)
          (local.get $x) (local.get $n) (i32.and (local.get $n) (i32.const 3))))
      (br_if $calls (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x)))
