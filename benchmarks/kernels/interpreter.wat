;; An interpreter of a bytecode with ten instructions: dispatch by br_table.
;;
;; It has an accumulator and a stack of words at 4096:
;;   0 push c   push the accumulator, then set it to the byte c
;;   1 add, 2 sub, 3 mul   pop, combine with the accumulator
;;   4 dup      push the accumulator
;;   5 swap     exchange the accumulator and the top of the stack
;;   6 jnz d    when the accumulator is not 0, go back d bytes
;;   7 dec      subtract 1
;;   8 halt     the accumulator is the result
;;   9 drop     pop into the accumulator
(module
  (memory (export "memory") 1)
  ;; r = 0; n times: r = 3 * r + 1.
  ;; push 0, swap; loop: swap, push 3, mul, push 1, add, swap, dec, jnz loop; drop, halt
  (data (i32.const 0) "\00\00\05" "\05\00\03\03\00\01\01\05\07\06\0a" "\09\08")
  (func (export "run") (param $acc i32) (result i32)
    (local $pc i32) (local $sp i32) (local $top i32) (local $opcode i32)
    (local.set $sp (i32.const 4096))
    (loop $next
      (local.set $opcode (i32.load8_u (local.get $pc)))
      (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
      (block $halt
        (block $drop
          (block $dec
            (block $jnz
              (block $swap
                (block $dup
                  (block $mul
                    (block $sub
                      (block $add
                        (block $push
                          (br_table $push $add $sub $mul $dup $swap $jnz $dec $halt $drop $halt
                            (local.get $opcode)))
                        ;; push
                        (i32.store (local.get $sp) (local.get $acc))
                        (local.set $sp (i32.add (local.get $sp) (i32.const 4)))
                        (local.set $acc (i32.load8_u (local.get $pc)))
                        (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
                        (br $next))
                      ;; add
                      (local.set $acc
                        (i32.add
                          (local.get $acc)
                          (i32.load (local.tee $sp (i32.sub (local.get $sp) (i32.const 4))))))
                      (br $next))
                    ;; sub
                    (local.set $acc
                      (i32.sub
                        (i32.load (local.tee $sp (i32.sub (local.get $sp) (i32.const 4))))
                        (local.get $acc)))
                    (br $next))
                  ;; mul
                  (local.set $acc
                    (i32.mul
                      (local.get $acc)
                      (i32.load (local.tee $sp (i32.sub (local.get $sp) (i32.const 4))))))
                  (br $next))
                ;; dup
                (i32.store (local.get $sp) (local.get $acc))
                (local.set $sp (i32.add (local.get $sp) (i32.const 4)))
                (br $next))
              ;; swap
              (local.set $top (i32.load (i32.sub (local.get $sp) (i32.const 4))))
              (i32.store (i32.sub (local.get $sp) (i32.const 4)) (local.get $acc))
              (local.set $acc (local.get $top))
              (br $next))
            ;; jnz
            (if (local.get $acc)
              (then
                (local.set $pc (i32.sub (local.get $pc) (i32.load8_u (local.get $pc)))))
              (else
                (local.set $pc (i32.add (local.get $pc) (i32.const 1)))))
            (br $next))
          ;; dec
          (local.set $acc (i32.sub (local.get $acc) (i32.const 1)))
          (br $next))
        ;; drop
        (local.set $acc
          (i32.load (local.tee $sp (i32.sub (local.get $sp) (i32.const 4)))))
        (br $next)))
    (local.get $acc)))
