;; Three inner components, three memories: `greet` of $front (utf8) calls `frame` of $middle (utf16), which calls `shout` of
;; $back (utf8) and puts the answer between "<" and ">".
(component
  @ALLOCATOR@

  (component $back
    (core module $main
      (import "allocator" "memory" (memory 1))
      (import "allocator" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
      (import "allocator" "reset" (func $reset))
      (func (export "shout") (param $source i32) (param $length i32) (result i32)
        (local $target i32) (local $at i32) (local $unit i32)
        (local.set $target
          (call $realloc (i32.const 0) (i32.const 0) (i32.const 1)
            (i32.add (local.get $length) (i32.const 1))))
        (block $done
          (loop $next
            (br_if $done (i32.eq (local.get $at) (local.get $length)))
            (local.set $unit
              (i32.load8_u
                (i32.add (local.get $source) (local.get $at))))
            (if (i32.lt_u (i32.sub (local.get $unit) (i32.const 97)) (i32.const 26))
              (then (local.set $unit (i32.sub (local.get $unit) (i32.const 32)))))
            (i32.store8
              (i32.add (local.get $target) (local.get $at))
              (local.get $unit))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
        (i32.store8
          (i32.add (local.get $target) (local.get $at))
          (i32.const 33))
        ;; the result, a string, is returned through memory: pointer, length
        (i32.store (i32.const 16) (local.get $target))
        (i32.store (i32.const 20) (i32.add (local.get $length) (i32.const 1)))
        (i32.const 16))
      (func (export "post-shout") (param i32) (call $reset)))
    (core instance $allocator (instantiate $allocator))
    (core instance $main (instantiate $main (with "allocator" (instance $allocator))))
    (func (export "shout") (param "text" string) (result string)
      (canon lift (core func $main "shout")
        (memory (core memory $allocator "memory"))
        (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-shout"))
        string-encoding=utf8)))

  (component $middle
    (import "shout" (func $shout (param "text" string) (result string)))
    (core module $main
      (import "allocator" "memory" (memory 1))
      (import "allocator" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
      (import "allocator" "reset" (func $reset))
      (import "back" "shout" (func $shout (param i32 i32 i32)))
      (func (export "frame") (param $text i32) (param $length i32) (result i32)
        (local $target i32)
        (call $shout (local.get $text) (local.get $length) (i32.const 16))
        (local.set $length (i32.load (i32.const 20)))
        (local.set $target
          (call $realloc (i32.const 0) (i32.const 0) (i32.const 2)
            (i32.shl (i32.add (local.get $length) (i32.const 2)) (i32.const 1))))
        (i32.store16 (local.get $target) (i32.const 60))
        (memory.copy (i32.add (local.get $target) (i32.const 2))
          (i32.load (i32.const 16)) (i32.shl (local.get $length) (i32.const 1)))
        (i32.store16 offset=2
          (i32.add (local.get $target) (i32.shl (local.get $length) (i32.const 1)))
          (i32.const 62))
        (i32.store (i32.const 16) (local.get $target))
        (i32.store (i32.const 20) (i32.add (local.get $length) (i32.const 2)))
        (i32.const 16))
      (func (export "post-frame") (param i32) (call $reset)))
    (core instance $allocator (instantiate $allocator))
    (core func $shout (canon lower (func $shout)
      (memory (core memory $allocator "memory"))
      (realloc (core func $allocator "realloc"))
      string-encoding=utf16))
    (core instance $main (instantiate $main
      (with "allocator" (instance $allocator))
      (with "back" (instance (export "shout" (func $shout))))))
    (func (export "frame") (param "text" string) (result string)
      (canon lift (core func $main "frame")
        (memory (core memory $allocator "memory"))
        (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-frame"))
        string-encoding=utf16)))

  (component $front
    (import "frame" (func $frame (param "text" string) (result string)))
    (core module $main
      (import "allocator" "memory" (memory 1))
      (import "allocator" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
      (import "allocator" "reset" (func $reset))
      (import "middle" "frame" (func $frame (param i32 i32 i32)))
      (data (i32.const 32) "hello, ")
      (func (export "greet") (param $name i32) (param $length i32) (result i32)
        (local $text i32)
        (local.set $text
          (call $realloc (i32.const 0) (i32.const 0) (i32.const 1)
            (i32.add (local.get $length) (i32.const 7))))
        (memory.copy (local.get $text) (i32.const 32) (i32.const 7))
        (memory.copy
          (i32.add (local.get $text) (i32.const 7))
          (local.get $name)
          (local.get $length))
        (call $frame (local.get $text) (i32.add (local.get $length) (i32.const 7)) (i32.const 16))
        (i32.const 16))
      (func (export "post-greet") (param i32) (call $reset)))
    (core instance $allocator (instantiate $allocator))
    (core func $frame (canon lower (func $frame)
      (memory (core memory $allocator "memory"))
      (realloc (core func $allocator "realloc"))
      string-encoding=utf8))
    (core instance $main (instantiate $main
      (with "allocator" (instance $allocator))
      (with "middle" (instance (export "frame" (func $frame))))))
    (func (export "greet") (param "name" string) (result string)
      (canon lift (core func $main "greet")
        (memory (core memory $allocator "memory"))
        (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-greet"))
        string-encoding=utf8)))

  (instance $back (instantiate $back))
  (instance $middle (instantiate $middle (with "shout" (func $back "shout"))))
  (instance $front (instantiate $front (with "frame" (func $middle "frame"))))
  (export "greet" (func $front "greet")))
