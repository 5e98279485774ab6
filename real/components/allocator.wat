;; The memory of one inner component: a bump allocator that grows its memory and is emptied by `reset`.
(core module $allocator
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))

  ;; cabi_realloc of the canonical ABI: (old pointer, old size, alignment, new size) -> pointer
  (func $realloc (export "realloc")
    (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32) (local $end i32)
    ;; at = next rounded up to the alignment
    (local.set $at
      (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (block $fits
      (br_if $fits
        (i32.le_u (local.get $end) (i32.shl (memory.size) (i32.const 16))))
      (br_if $fits
        (i32.ne (i32.const -1)
          (memory.grow
            (i32.sub
              (i32.shr_u (i32.add (local.get $end) (i32.const 65535)) (i32.const 16))
              (memory.size)))))
      unreachable)
    (global.set $next (local.get $end))
    (memory.copy (local.get $at) (local.get $old)
      (select (local.get $old_size) (local.get $size)
        (i32.lt_u (local.get $old_size) (local.get $size))))
    (local.get $at))

  ;; Forgets every allocation: what post-return functions call.
  (func (export "reset") (global.set $next (i32.const 1024))))
