;; `greet(name)` in component $front puts "hello, " before the name and passes the string to `shout` of component $back,
;; which returns it with ASCII letters in upper case and "!" at the end. Each component has its own memory and its own
;; string encoding (@FRONT_ENCODING@ in front, @BACK_ENCODING@ behind).
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
          (call $realloc (i32.const 0) (i32.const 0) (i32.const @BACK_WIDTH@)
            (i32.mul (i32.add (local.get $length) (i32.const 1)) (i32.const @BACK_WIDTH@))))
        (block $done
          (loop $next
            (br_if $done (i32.eq (local.get $at) (local.get $length)))
            (local.set $unit
              (@BACK_LOAD@
                (i32.add (local.get $source) (i32.mul (local.get $at) (i32.const @BACK_WIDTH@)))))
            (if (i32.lt_u (i32.sub (local.get $unit) (i32.const 97)) (i32.const 26))
              (then (local.set $unit (i32.sub (local.get $unit) (i32.const 32)))))
            (@BACK_STORE@
              (i32.add (local.get $target) (i32.mul (local.get $at) (i32.const @BACK_WIDTH@)))
              (local.get $unit))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
        (@BACK_STORE@
          (i32.add (local.get $target) (i32.mul (local.get $at) (i32.const @BACK_WIDTH@)))
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
        string-encoding=@BACK_ENCODING@)))

  (component $front
    (import "shout" (func $shout (param "text" string) (result string)))
    (core module $main
      (import "allocator" "memory" (memory 1))
      (import "allocator" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
      (import "allocator" "reset" (func $reset))
      (import "back" "shout" (func $shout (param i32 i32 i32)))
      (data (i32.const 32) "@FRONT_HELLO@")
      (func (export "greet") (param $name i32) (param $length i32) (result i32)
        (local $text i32)
        (local.set $text
          (call $realloc (i32.const 0) (i32.const 0) (i32.const @FRONT_WIDTH@)
            (i32.mul (i32.add (local.get $length) (i32.const 7)) (i32.const @FRONT_WIDTH@))))
        (memory.copy (local.get $text) (i32.const 32) (i32.const @FRONT_HELLO_BYTES@))
        (memory.copy
          (i32.add (local.get $text) (i32.const @FRONT_HELLO_BYTES@))
          (local.get $name)
          (i32.mul (local.get $length) (i32.const @FRONT_WIDTH@)))
        (call $shout (local.get $text) (i32.add (local.get $length) (i32.const 7)) (i32.const 16))
        (i32.const 16))
      (func (export "post-greet") (param i32) (call $reset)))
    (core instance $allocator (instantiate $allocator))
    (core func $shout (canon lower (func $shout)
      (memory (core memory $allocator "memory"))
      (realloc (core func $allocator "realloc"))
      string-encoding=@FRONT_ENCODING@))
    (core instance $main (instantiate $main
      (with "allocator" (instance $allocator))
      (with "back" (instance (export "shout" (func $shout))))))
    (func (export "greet") (param "name" string) (result string)
      (canon lift (core func $main "greet")
        (memory (core memory $allocator "memory"))
        (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-greet"))
        string-encoding=@FRONT_ENCODING@)))

  (instance $back (instantiate $back))
  (instance $front (instantiate $front (with "shout" (func $back "shout"))))
  (export "greet" (func $front "greet")))
