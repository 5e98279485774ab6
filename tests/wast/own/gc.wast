;; Structures, arrays, casts: what is valid, what is not, and what must happen in which order.

(module
  (rec
    (type $tree (sub (struct (field $left (ref null $tree)) (field $kind i8) (field $kids (ref null $kids)))))
    (type $kids (array (mut (ref null $tree)))))
  (type $big (sub final $tree
    (struct (field (ref null $tree)) (field i8) (field (ref null $kids)) (field $extra (mut i64)))))

  (func $sum (param $t (ref null $tree)) (result i32)
    (local $i i32) (local $total i32)
    (if (ref.is_null (local.get $t)) (then (return (i32.const 0))))
    (local.set $total (struct.get_s $tree $kind (local.get $t)))
    (block $leaf
      (br_on_null $leaf (struct.get $tree $kids (local.get $t)))
      drop
      (loop $next
        (br_if $leaf (i32.ge_u (local.get $i)
          (array.len (struct.get $tree $kids (local.get $t)))))
        (local.set $total (i32.add (local.get $total)
          (call $sum (array.get $kids (struct.get $tree $kids (local.get $t)) (local.get $i)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.add (local.get $total) (call $sum (struct.get $tree $left (local.get $t)))))

  (func (export "sum") (result i32)
    (call $sum
      (struct.new $tree
        (struct.new $big (ref.null $tree) (i32.const 0xfe) (ref.null $kids) (i64.const 1))
        (i32.const 100)
        (array.new_fixed $kids 3
          (struct.new $tree (ref.null $tree) (i32.const 1) (array.new_default $kids (i32.const 2)))
          (ref.null none)
          (struct.new_default $big)))))

  (func $extra (param (ref null $tree)) (result i64)
    (block $no (result (ref null $tree))
      (struct.get $big $extra
        (br_on_cast_fail $no (ref null $tree) (ref $big) (local.get 0)))
      return)
    drop (i64.const -1))
  (func (export "extra") (param i32) (result i64)
    (if (result i64) (local.get 0)
      (then (call $extra (struct.new $big (ref.null $tree) (i32.const 0) (ref.null $kids) (i64.const 7))))
      (else (call $extra (struct.new_default $tree)))))
  (func (export "extra-null") (result i64) (call $extra (ref.null $tree))))

(assert_return (invoke "sum") (i32.const 99))
(assert_return (invoke "extra" (i32.const 1)) (i64.const 7))
(assert_return (invoke "extra" (i32.const 0)) (i64.const -1))
(assert_return (invoke "extra-null") (i64.const -1))

;; A cast that branches keeps the operands below, also around a loop.
(module
  (func (export "kind") (param anyref) (result i32)
    (block $i31 (result i32 i31ref)
      (block $other (result i32 anyref)
        (i32.const 1)
        (local.get 0)
        (br_on_cast $i31 anyref i31ref)
        (br $other))
      drop (i32.const 10) i32.add return)
    ref.is_null (i32.const 20) i32.add i32.add)
  (func (export "count") (param $n i32) (result i32) (local $r anyref)
    (local.set $r (ref.i31 (local.get $n)))
    (loop $again (result i32)
      (if (i32.eqz (local.get $n))
        (then (local.set $r (extern.convert_any (ref.null any)) (any.convert_extern))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (block $done (result anyref)
        (br_on_cast_fail $done anyref (ref i31) (local.get $r))
        drop (br $again))
      drop (local.get $n))))

(assert_return (invoke "kind" (ref.host 3)) (i32.const 11))
(assert_return (invoke "kind" (ref.null any)) (i32.const 22))
(assert_return (invoke "count" (i32.const 5)) (i32.const -1))

;; Types

(assert_invalid (module (type $s (struct)) (func (drop (array.new_default $s (i32.const 0))))) "type mismatch")
(assert_invalid (module (type $a (array i8)) (func (drop (struct.new $a)))) "type mismatch")
(assert_invalid (module (type $s (struct)) (func (drop (struct.get $s 0 (struct.new $s))))) "unknown field 0")
(assert_invalid (module (func (drop (struct.new 7)))) "unknown type")
(assert_invalid
  (module (type $s (struct (field i8))) (func (param (ref $s)) (drop (struct.get $s 0 (local.get 0)))))
  "type mismatch")
(assert_invalid
  (module (type $s (struct (field i32))) (func (param (ref $s)) (drop (struct.get_u $s 0 (local.get 0)))))
  "type mismatch")
(assert_invalid
  (module (type $s (struct (field i32)))
    (func (param (ref $s)) (struct.set $s 0 (local.get 0) (i32.const 1))))
  "immutable field")
(assert_invalid
  (module (type $a (array i32))
    (func (param (ref $a)) (array.set $a (local.get 0) (i32.const 1) (i32.const 1))))
  "immutable array")
(assert_invalid
  (module (type $s (struct (field (ref func)))) (func (drop (struct.new_default $s))))
  "type mismatch")
(assert_invalid
  (module (type $a (array (mut i32))) (type $b (array (mut i64)))
    (func (param (ref $a) (ref $b))
      (array.copy $a $b (local.get 0) (i32.const 0) (local.get 1) (i32.const 0) (i32.const 0))))
  "array types do not match")
(assert_invalid
  (module (type $a (array anyref)) (data "")
    (func (drop (array.new_data $a 0 (i32.const 0) (i32.const 0)))))
  "array type is not numeric or vector")
(assert_invalid
  (module (type $a (array i8)) (elem func)
    (func (drop (array.new_elem $a 0 (i32.const 0) (i32.const 0)))))
  "type mismatch")
(assert_invalid (module (func (param funcref) (drop (ref.cast anyref (local.get 0))))) "type mismatch")
(assert_invalid (module (func (param anyref) (drop (ref.test externref (local.get 0))))) "type mismatch")
(assert_invalid (module (func (param anyref) (drop (ref.eq (local.get 0) (local.get 0))))) "type mismatch")
(assert_invalid
  (module (func (param eqref) (result i31ref)
    (br_on_cast 0 i31ref eqref (ref.null i31)) (unreachable)))
  "type mismatch")
(assert_invalid
  (module (func (param anyref) (result structref)
    (br_on_cast 0 anyref arrayref (local.get 0)) (unreachable)))
  "type mismatch")
(assert_invalid (module (func (param anyref) (drop (any.convert_extern (local.get 0))))) "type mismatch")
(assert_invalid
  (module (type $a (array i8)) (data "")
    (global (ref $a) (array.new_data $a 0 (i32.const 0) (i32.const 0))))
  "constant expression required")
(assert_invalid
  (module (type $s (struct (field i32))) (global (ref $s) (struct.new $s (i64.const 0))))
  "type mismatch")
(assert_malformed
  (module quote "(type $s (struct (field $x i32) (field $x i32)))")
  "duplicate field")
(assert_malformed
  (module quote "(type $s (struct (field $x i32))) (func (drop (struct.get $s $y (ref.null $s))))")
  "unknown field")
(assert_malformed
  (module quote "(func (param anyref) (drop (ref.test (local.get 0))))")
  "unexpected token")

;; The flags of a cast that branches; an array of data needs the data count.

(assert_malformed
  (module binary "\00asm\01\00\00\00" "\01\06\01\60\01\6e\01\6e" "\03\02\01\00"
    "\0a\0c\01\0a\00\20\00\fb\18\04\00\6e\6e\0b")
  "malformed br_on_cast flags")
(assert_malformed
  (module binary "\00asm\01\00\00\00" "\01\07\02\60\00\00\5e\78\00" "\03\02\01\00"
    "\0a\0d\01\0b\00\41\00\41\00\fb\09\01\00\1a\0b" "\0b\03\01\01\00")
  "data count section required")
