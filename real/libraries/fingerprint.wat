;; Merged with lz4 and xxhash: compresses bytes in the memory of lz4, copies the result into the memory of xxhash and hashes
;; it there.
(module
  (import "lz4" "memory" (memory $lz4 1))
  (import "lz4" "__wbindgen_add_to_stack_pointer" (func $move_stack (param i32) (result i32)))
  (import "lz4" "__wbindgen_free" (func $free (param i32 i32)))
  (import "lz4" "compress" (func $compress (param i32 i32 i32)))
  (import "xxhash" "mem" (memory $xxhash 1))
  (import "xxhash" "xxh64" (func $xxh64 (param i32 i32 i64) (result i64)))

  ;; (bytes in lz4's memory, which are freed, their number, seed) -> xxh64 of the compressed bytes
  (func (export "fingerprint") (param $bytes i32) (param $length i32) (param $seed i64) (result i64)
    (local $frame i32) (local $packed i32) (local $size i32) (local $missing i32)
    (local.set $frame (call $move_stack (i32.const -16)))
    (call $compress (local.get $frame) (local.get $bytes) (local.get $length))
    (local.set $packed (i32.load $lz4 (local.get $frame)))
    (local.set $size (i32.load $lz4 offset=4 (local.get $frame)))
    (drop (call $move_stack (i32.const 16)))
    (local.set $missing
      (i32.sub
        (i32.shr_u (i32.add (local.get $size) (i32.const 65535)) (i32.const 16))
        (memory.size $xxhash)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (i32.const -1) (memory.grow $xxhash (local.get $missing)))
          (then unreachable))))
    (memory.copy $xxhash $lz4 (i32.const 0) (local.get $packed) (local.get $size))
    (call $free (local.get $packed) (local.get $size))
    (call $xxh64 (i32.const 0) (local.get $size) (local.get $seed))))
