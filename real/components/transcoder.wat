;; The transcoders of an adapter as a module with two memories: strings go from one memory into the other. They trap where
;; the canonical ABI traps: at bytes that are not UTF-8 and at lone surrogates.
(module
  (import "memory" "from" (memory $from 0))
  (import "memory" "to" (memory $to 0))

  (func (export "utf8-to-utf8") (param $source i32) (param $length i32) (param $target i32)
    (memory.copy $to $from (local.get $target) (local.get $source) (local.get $length)))

  ;; the next byte of a UTF-8 sequence, which must be 10xxxxxx: the code point so far, and its six bits
  (func $continue (param $point i32) (param $source i32) (param $end i32) (result i32)
    (local $byte i32)
    (if (i32.ge_u (local.get $source) (local.get $end)) (then unreachable))
    (local.set $byte (i32.load8_u $from (local.get $source)))
    (if (i32.ne (i32.and (local.get $byte) (i32.const 0xc0)) (i32.const 0x80)) (then unreachable))
    (i32.or (i32.shl (local.get $point) (i32.const 6)) (i32.and (local.get $byte) (i32.const 0x3f))))

  ;; one code point of UTF-8 and the address after it
  (func $decode (param $source i32) (param $end i32) (result i32 i32)
    (local $point i32)
    (local.set $point (i32.load8_u $from (local.get $source)))
    (local.set $source (i32.add (local.get $source) (i32.const 1)))
    (if (i32.lt_u (local.get $point) (i32.const 0x80))
      (then (return (local.get $point) (local.get $source))))
    (if (i32.or (i32.lt_u (local.get $point) (i32.const 0xc2)) (i32.gt_u (local.get $point) (i32.const 0xf4)))
      (then unreachable))
    (if (i32.lt_u (local.get $point) (i32.const 0xe0))
      (then
        (return
          (call $continue (i32.and (local.get $point) (i32.const 0x1f)) (local.get $source) (local.get $end))
          (i32.add (local.get $source) (i32.const 1)))))
    (if (i32.lt_u (local.get $point) (i32.const 0xf0))
      (then
        (local.set $point
          (call $continue (i32.and (local.get $point) (i32.const 0x0f)) (local.get $source) (local.get $end)))
        (local.set $point
          (call $continue (local.get $point) (i32.add (local.get $source) (i32.const 1)) (local.get $end)))
        (if (i32.lt_u (local.get $point) (i32.const 0x800)) (then unreachable))
        (if (i32.eq (i32.and (local.get $point) (i32.const 0xf800)) (i32.const 0xd800)) (then unreachable))
        (return (local.get $point) (i32.add (local.get $source) (i32.const 2)))))
    (local.set $point
      (call $continue (i32.and (local.get $point) (i32.const 0x07)) (local.get $source) (local.get $end)))
    (local.set $point
      (call $continue (local.get $point) (i32.add (local.get $source) (i32.const 1)) (local.get $end)))
    (local.set $point
      (call $continue (local.get $point) (i32.add (local.get $source) (i32.const 2)) (local.get $end)))
    (if (i32.or (i32.lt_u (local.get $point) (i32.const 0x10000)) (i32.gt_u (local.get $point) (i32.const 0x10ffff)))
      (then unreachable))
    (local.get $point)
    (i32.add (local.get $source) (i32.const 3)))

  ;; -> code units written
  (func (export "utf8-to-utf16") (param $source i32) (param $length i32) (param $target i32) (result i32)
    (local $end i32) (local $start i32) (local $point i32)
    (local.set $end (i32.add (local.get $source) (local.get $length)))
    (local.set $start (local.get $target))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $source) (local.get $end)))
        (call $decode (local.get $source) (local.get $end))
        (local.set $source)
        (local.set $point)
        (if (i32.lt_u (local.get $point) (i32.const 0x10000))
          (then
            (i32.store16 $to (local.get $target) (local.get $point))
            (local.set $target (i32.add (local.get $target) (i32.const 2))))
          (else
            (local.set $point (i32.sub (local.get $point) (i32.const 0x10000)))
            (i32.store16 $to (local.get $target)
              (i32.or (i32.const 0xd800) (i32.shr_u (local.get $point) (i32.const 10))))
            (i32.store16 $to offset=2 (local.get $target)
              (i32.or (i32.const 0xdc00) (i32.and (local.get $point) (i32.const 0x3ff))))
            (local.set $target (i32.add (local.get $target) (i32.const 4)))))
        (br $next)))
    (i32.shr_u (i32.sub (local.get $target) (local.get $start)) (i32.const 1)))

  ;; writes a byte 10xxxxxx: six bits of the code point, from bit $shift on
  (func $put (param $target i32) (param $point i32) (param $shift i32)
    (i32.store8 $to (local.get $target)
      (i32.or (i32.const 0x80)
        (i32.and (i32.shr_u (local.get $point) (local.get $shift)) (i32.const 0x3f)))))

  ;; -> code units read, bytes written; stops before a character that does not fit. The last parameter (how much of an
  ;; earlier pass is done) is not needed.
  (func (export "utf16-to-utf8")
    (param $source i32) (param $length i32) (param $target i32) (param $size i32) (param $mark i32)
    (result i32 i32)
    (local $at i32) (local $written i32) (local $point i32) (local $low i32) (local $units i32) (local $bytes i32)
    (local $address i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $point
          (i32.load16_u $from
            (i32.add (local.get $source) (i32.shl (local.get $at) (i32.const 1)))))
        (local.set $units (i32.const 1))
        (if (i32.eq (i32.and (local.get $point) (i32.const 0xf800)) (i32.const 0xd800))
          (then
            ;; a high surrogate, and a low one behind it
            (if (i32.ge_u (local.get $point) (i32.const 0xdc00)) (then unreachable))
            (if (i32.ge_u (i32.add (local.get $at) (i32.const 1)) (local.get $length)) (then unreachable))
            (local.set $low
              (i32.load16_u $from offset=2
                (i32.add (local.get $source) (i32.shl (local.get $at) (i32.const 1)))))
            (if (i32.ne (i32.and (local.get $low) (i32.const 0xfc00)) (i32.const 0xdc00)) (then unreachable))
            (local.set $units (i32.const 2))
            (local.set $point
              (i32.add (i32.const 0x10000)
                (i32.or
                  (i32.shl (i32.and (local.get $point) (i32.const 0x3ff)) (i32.const 10))
                  (i32.and (local.get $low) (i32.const 0x3ff)))))))
        (local.set $bytes
          (i32.add (i32.const 1)
            (i32.add (i32.ge_u (local.get $point) (i32.const 0x80))
              (i32.add (i32.ge_u (local.get $point) (i32.const 0x800))
                (i32.ge_u (local.get $point) (i32.const 0x10000))))))
        (br_if $done
          (i32.gt_u (i32.add (local.get $written) (local.get $bytes)) (local.get $size)))
        (local.set $address (i32.add (local.get $target) (local.get $written)))
        (block $stored
          (block $four
            (block $three
              (block $two
                (block $one
                  (br_table $one $two $three $four
                    (i32.sub (local.get $bytes) (i32.const 1))))
                (i32.store8 $to (local.get $address) (local.get $point))
                (br $stored))
              (i32.store8 $to (local.get $address)
                (i32.or (i32.const 0xc0) (i32.shr_u (local.get $point) (i32.const 6))))
              (call $put (i32.add (local.get $address) (i32.const 1)) (local.get $point) (i32.const 0))
              (br $stored))
            (i32.store8 $to (local.get $address)
              (i32.or (i32.const 0xe0) (i32.shr_u (local.get $point) (i32.const 12))))
            (call $put (i32.add (local.get $address) (i32.const 1)) (local.get $point) (i32.const 6))
            (call $put (i32.add (local.get $address) (i32.const 2)) (local.get $point) (i32.const 0))
            (br $stored))
          (i32.store8 $to (local.get $address)
            (i32.or (i32.const 0xf0) (i32.shr_u (local.get $point) (i32.const 18))))
          (call $put (i32.add (local.get $address) (i32.const 1)) (local.get $point) (i32.const 12))
          (call $put (i32.add (local.get $address) (i32.const 2)) (local.get $point) (i32.const 6))
          (call $put (i32.add (local.get $address) (i32.const 3)) (local.get $point) (i32.const 0)))
        (local.set $written (i32.add (local.get $written) (local.get $bytes)))
        (local.set $at (i32.add (local.get $at) (local.get $units)))
        (br $next)))
    (local.get $at)
    (local.get $written)))
