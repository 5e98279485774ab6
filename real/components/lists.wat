;; Lists across two inner components: $front passes what the host gives it to $back. The adapter copies flat lists and
;; walks nested ones (list<string>), allocating in the memory of the receiving component.
(component
  @ALLOCATOR@

  (component $back
    (core module $main
      (import "allocator" "memory" (memory 1))
      (import "allocator" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
      (import "allocator" "reset" (func $reset))

      (func $pair (param $pointer i32) (param $length i32) (result i32)
        (i32.store (i32.const 16) (local.get $pointer))
        (i32.store (i32.const 20) (local.get $length))
        (i32.const 16))

      ;; [a, b, c] -> [a, a + b, a + b + c]
      (func (export "running-sums") (param $list i32) (param $length i32) (result i32)
        (local $target i32) (local $at i32) (local $sum i32)
        (local.set $target
          (call $realloc (i32.const 0) (i32.const 0) (i32.const 4)
            (i32.shl (local.get $length) (i32.const 2))))
        (block $done
          (loop $next
            (br_if $done (i32.eq (local.get $at) (local.get $length)))
            (local.set $sum
              (i32.add (local.get $sum)
                (i32.load (i32.add (local.get $list) (i32.shl (local.get $at) (i32.const 2))))))
            (i32.store (i32.add (local.get $target) (i32.shl (local.get $at) (i32.const 2)))
              (local.get $sum))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
        (call $pair (local.get $target) (local.get $length)))

      (func (export "mean") (param $list i32) (param $length i32) (result f64)
        (local $at i32) (local $sum f64)
        (block $done
          (loop $next
            (br_if $done (i32.eq (local.get $at) (local.get $length)))
            (local.set $sum
              (f64.add (local.get $sum)
                (f64.load (i32.add (local.get $list) (i32.shl (local.get $at) (i32.const 3))))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
        (f64.div (local.get $sum) (f64.convert_i32_u (local.get $length))))

      ;; joins the strings of a list (elements of 8 bytes: pointer, length) with a separator
      (func (export "join")
        (param $list i32) (param $length i32) (param $glue i32) (param $glue_length i32) (result i32)
        (local $at i32) (local $size i32) (local $target i32) (local $element i32)
        (block $sized
          (loop $next
            (br_if $sized (i32.eq (local.get $at) (local.get $length)))
            (local.set $size
              (i32.add (i32.add (local.get $size) (local.get $glue_length))
                (i32.load offset=4
                  (i32.add (local.get $list) (i32.shl (local.get $at) (i32.const 3))))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
        (local.set $target
          (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (local.get $size)))
        (local.set $size (i32.const 0))
        (local.set $at (i32.const 0))
        (block $joined
          (loop $next
            (br_if $joined (i32.eq (local.get $at) (local.get $length)))
            (if (local.get $at)
              (then
                (memory.copy (i32.add (local.get $target) (local.get $size))
                  (local.get $glue) (local.get $glue_length))
                (local.set $size (i32.add (local.get $size) (local.get $glue_length)))))
            (local.set $element
              (i32.add (local.get $list) (i32.shl (local.get $at) (i32.const 3))))
            (memory.copy (i32.add (local.get $target) (local.get $size))
              (i32.load (local.get $element)) (i32.load offset=4 (local.get $element)))
            (local.set $size
              (i32.add (local.get $size) (i32.load offset=4 (local.get $element))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
        (call $pair (local.get $target) (local.get $size)))

      ;; cuts a string at its spaces
      (func (export "words") (param $text i32) (param $length i32) (result i32)
        (local $list i32) (local $count i32) (local $at i32) (local $start i32)
        ;; there are at most length + 1 words
        (local.set $list
          (call $realloc (i32.const 0) (i32.const 0) (i32.const 4)
            (i32.shl (i32.add (local.get $length) (i32.const 1)) (i32.const 3))))
        (loop $next
          (if (i32.or
                (i32.eq (local.get $at) (local.get $length))
                (if (result i32) (i32.lt_u (local.get $at) (local.get $length))
                  (then
                    (i32.eq (i32.const 32)
                      (i32.load8_u (i32.add (local.get $text) (local.get $at)))))
                  (else (i32.const 0))))
            (then
              (if (i32.gt_u (local.get $at) (local.get $start))
                (then
                  (i32.store (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 3)))
                    (i32.add (local.get $text) (local.get $start)))
                  (i32.store offset=4
                    (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 3)))
                    (i32.sub (local.get $at) (local.get $start)))
                  (local.set $count (i32.add (local.get $count) (i32.const 1)))))
              (local.set $start (i32.add (local.get $at) (i32.const 1)))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $next (i32.le_u (local.get $at) (local.get $length))))
        (call $pair (local.get $list) (local.get $count)))

      ;; the bytes in reverse order
      (func (export "reversed") (param $list i32) (param $length i32) (result i32)
        (local $target i32) (local $at i32)
        (local.set $target
          (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (local.get $length)))
        (block $done
          (loop $next
            (br_if $done (i32.eq (local.get $at) (local.get $length)))
            (i32.store8
              (i32.add (local.get $target)
                (i32.sub (i32.sub (local.get $length) (i32.const 1)) (local.get $at)))
              (i32.load8_u (i32.add (local.get $list) (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
        (call $pair (local.get $target) (local.get $length)))

      (func (export "post-list") (param i32) (call $reset))
      (func (export "post-mean") (param f64) (call $reset)))
    (core instance $allocator (instantiate $allocator))
    (core instance $main (instantiate $main (with "allocator" (instance $allocator))))
    (func (export "running-sums") (param "values" (list u32)) (result (list u32))
      (canon lift (core func $main "running-sums")
        (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-list"))))
    (func (export "mean") (param "values" (list f64)) (result f64)
      (canon lift (core func $main "mean")
        (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-mean"))))
    (func (export "join") (param "parts" (list string)) (param "glue" string) (result string)
      (canon lift (core func $main "join")
        (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-list"))))
    (func (export "words") (param "text" string) (result (list string))
      (canon lift (core func $main "words")
        (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-list"))))
    (func (export "reversed") (param "bytes" (list u8)) (result (list u8))
      (canon lift (core func $main "reversed")
        (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-list")))))

  (component $front
    (import "back" (instance $back
      (export "running-sums" (func (param "values" (list u32)) (result (list u32))))
      (export "mean" (func (param "values" (list f64)) (result f64)))
      (export "join" (func (param "parts" (list string)) (param "glue" string) (result string)))
      (export "words" (func (param "text" string) (result (list string))))
      (export "reversed" (func (param "bytes" (list u8)) (result (list u8))))))
    (core module $main
      (import "allocator" "memory" (memory 1))
      (import "allocator" "reset" (func $reset))
      (import "back" "running-sums" (func $running_sums (param i32 i32 i32)))
      (import "back" "mean" (func $mean (param i32 i32) (result f64)))
      (import "back" "join" (func $join (param i32 i32 i32 i32 i32)))
      (import "back" "words" (func $words (param i32 i32 i32)))
      (import "back" "reversed" (func $reversed (param i32 i32 i32)))
      (func (export "running-sums") (param i32 i32) (result i32)
        (call $running_sums (local.get 0) (local.get 1) (i32.const 16))
        (i32.const 16))
      (func (export "mean") (param i32 i32) (result f64)
        (call $mean (local.get 0) (local.get 1)))
      (func (export "join") (param i32 i32 i32 i32) (result i32)
        (call $join (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 16))
        (i32.const 16))
      (func (export "words") (param i32 i32) (result i32)
        (call $words (local.get 0) (local.get 1) (i32.const 16))
        (i32.const 16))
      (func (export "reversed") (param i32 i32) (result i32)
        (call $reversed (local.get 0) (local.get 1) (i32.const 16))
        (i32.const 16))
      (func (export "post-list") (param i32) (call $reset))
      (func (export "post-mean") (param f64) (call $reset)))
    (core instance $allocator (instantiate $allocator))
    (core func $running_sums (canon lower (func $back "running-sums")
      (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
    (core func $mean (canon lower (func $back "mean")
      (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
    (core func $join (canon lower (func $back "join")
      (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
    (core func $words (canon lower (func $back "words")
      (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
    (core func $reversed (canon lower (func $back "reversed")
      (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
    (core instance $main (instantiate $main
      (with "allocator" (instance $allocator))
      (with "back" (instance
        (export "running-sums" (func $running_sums))
        (export "mean" (func $mean))
        (export "join" (func $join))
        (export "words" (func $words))
        (export "reversed" (func $reversed))))))
    (func (export "running-sums") (param "values" (list u32)) (result (list u32))
      (canon lift (core func $main "running-sums")
        (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-list"))))
    (func (export "mean") (param "values" (list f64)) (result f64)
      (canon lift (core func $main "mean")
        (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-mean"))))
    (func (export "join") (param "parts" (list string)) (param "glue" string) (result string)
      (canon lift (core func $main "join")
        (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-list"))))
    (func (export "words") (param "text" string) (result (list string))
      (canon lift (core func $main "words")
        (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-list"))))
    (func (export "reversed") (param "bytes" (list u8)) (result (list u8))
      (canon lift (core func $main "reversed")
        (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))
        (post-return (core func $main "post-list")))))

  (instance $back (instantiate $back))
  (instance $front (instantiate $front (with "back" (instance $back))))
  (export "running-sums" (func $front "running-sums"))
  (export "mean" (func $front "mean"))
  (export "join" (func $front "join"))
  (export "words" (func $front "words"))
  (export "reversed" (func $front "reversed")))
