;; Merged with brotli and mappings: decompresses the "mappings" of a source map in the memory of brotli and hands them to the
;; memory of mappings, where they are parsed.
(module
  (import "brotli" "memory" (memory $brotli 1))
  (import "brotli" "decompress" (func $decompress (param i32 i32) (result i32 i32 i32 i32)))
  (import "brotli" "__wbindgen_free" (func $free (param i32 i32 i32)))
  (import "mappings" "memory" (memory $mappings 1))
  (import "mappings" "allocate_mappings" (func $allocate (param i32) (result i32)))
  (import "mappings" "parse_mappings" (func $parse (param i32) (result i32)))

  ;; (compressed bytes in brotli's memory, which are freed, their number) -> parsed mappings, 0 if they cannot be parsed
  (func (export "parse_packed") (param $bytes i32) (param $length i32) (result i32)
    (local $text i32) (local $size i32) (local $target i32)
    (call $decompress (local.get $bytes) (local.get $length))
    (if (then unreachable)) ;; the last result tells of failure
    drop
    (local.set $size)
    (local.set $text)
    (local.set $target (call $allocate (local.get $size)))
    (memory.copy $mappings $brotli (local.get $target) (local.get $text) (local.get $size))
    (call $free (local.get $text) (local.get $size) (i32.const 1))
    (call $parse (local.get $target))))
