;; A list of structures that the engine collects; no memory at all.
(module
  (type $node (struct (field $value i32) (field $next (ref null $node))))
  (type $numbers (array (mut i32)))
  (global $list (mut (ref null $node)) (ref.null $node))

  (func $push (export "push") (param $value i32)
    (global.set $list (struct.new $node (local.get $value) (global.get $list))))

  (func (export "sum") (result i32)
    (local $at (ref null $node))
    (local $sum i32)
    (local.set $at (global.get $list))
    (block $done
      (loop $next
        (br_if $done (ref.is_null (local.get $at)))
        (local.set $sum (i32.add (local.get $sum) (struct.get $node $value (local.get $at))))
        (local.set $at (struct.get $node $next (local.get $at)))
        (br $next)))
    (local.get $sum))

  ;; An element of an array beyond its end is a trap.
  (func (export "element") (param $length i32) (param $index i32) (result i32)
    (array.get $numbers (array.new $numbers (i32.const 7) (local.get $length)) (local.get $index))))
