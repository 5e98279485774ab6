;; Two memories: text in one, its letters counted in the other.
(module
  (memory $text (export "text") 1)
  (memory $counts (export "counts") 1)
  (data $greeting (memory $text) (i32.const 16) "several memories in one module")

  (func $bump (param $letter i32)
    (local $at i32)
    (local.set $at (i32.shl (local.get $letter) (i32.const 2)))
    (i32.store $counts (local.get $at)
      (i32.add (i32.load $counts (local.get $at)) (i32.const 1))))

  ;; Counts the letters of the text between two addresses; returns how many there were.
  (func $count (export "count") (param $from i32) (param $to i32) (result i32)
    (local $at i32)
    (local.set $at (local.get $from))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $to)))
        (call $bump (i32.load8_u $text (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $at) (local.get $from)))

  ;; How often a letter was counted.
  (func (export "occurrences") (param $letter i32) (result i32)
    (i32.load $counts (i32.shl (local.get $letter) (i32.const 2)))))
