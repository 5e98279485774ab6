;; SHA-256 of n blocks of 64 bytes at p; the result is the first 8 bytes of the digest.
;; `init` makes a message of n bytes, a multiple of 64, and the block that pads it.
;; Round constants at 1024, start values at 2048, state at 3072, message schedule at 4096.
;; Made by make_kernels.py.
(module
  (memory (export "memory") 1)
  (data (i32.const 1024)
    "\98\2f\8a\42\91\44\37\71\cf\fb\c0\b5\a5\db\b5\e9"
    "\5b\c2\56\39\f1\11\f1\59\a4\82\3f\92\d5\5e\1c\ab"
    "\98\aa\07\d8\01\5b\83\12\be\85\31\24\c3\7d\0c\55"
    "\74\5d\be\72\fe\b1\de\80\a7\06\dc\9b\74\f1\9b\c1"
    "\c1\69\9b\e4\86\47\be\ef\c6\9d\c1\0f\cc\a1\0c\24"
    "\6f\2c\e9\2d\aa\84\74\4a\dc\a9\b0\5c\da\88\f9\76"
    "\52\51\3e\98\6d\c6\31\a8\c8\27\03\b0\c7\7f\59\bf"
    "\f3\0b\e0\c6\47\91\a7\d5\51\63\ca\06\67\29\29\14"
    "\85\0a\b7\27\38\21\1b\2e\fc\6d\2c\4d\13\0d\38\53"
    "\54\73\0a\65\bb\0a\6a\76\2e\c9\c2\81\85\2c\72\92"
    "\a1\e8\bf\a2\4b\66\1a\a8\70\8b\4b\c2\a3\51\6c\c7"
    "\19\e8\92\d1\24\06\99\d6\85\35\0e\f4\70\a0\6a\10"
    "\16\c1\a4\19\08\6c\37\1e\4c\77\48\27\b5\bc\b0\34"
    "\b3\0c\1c\39\4a\aa\d8\4e\4f\ca\9c\5b\f3\6f\2e\68"
    "\ee\82\8f\74\6f\63\a5\78\14\78\c8\84\08\02\c7\8c"
    "\fa\ff\be\90\eb\6c\50\a4\f7\a3\f9\be\f2\78\71\c6")
  (data (i32.const 2048)
    "\67\e6\09\6a\85\ae\67\bb\72\f3\6e\3c\3a\f5\4f\a5"
    "\7f\52\0e\51\8c\68\05\9b\ab\d9\83\1f\19\cd\e0\5b")
  ;; Fill n bytes at p with the upper bytes of a linear congruential generator.
  (func (export "init") (param $p i32) (param $n i32)
    (local $state i32)
    (i32.store8 (i32.add (local.get $p) (local.get $n)) (i32.const 0x80))
    (i32.store8 offset=62 (i32.add (local.get $p) (local.get $n))
      (i32.shr_u (local.get $n) (i32.const 5)))
    (i32.store8 offset=63 (i32.add (local.get $p) (local.get $n))
      (i32.shl (local.get $n) (i32.const 3)))
    (loop $bytes
      (local.set $state
        (i32.add (i32.mul (local.get $state) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store8 (local.get $p) (i32.shr_u (local.get $state) (i32.const 24)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $bytes (local.tee $n (i32.add (local.get $n) (i32.const -1))))))
  (func $compress (param $state i32) (param $p i32)
    (local $schedule i32) (local $i i32) (local $q i32)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $e i32) (local $f i32) (local $g i32) (local $h i32)
    (local $t1 i32) (local $t2 i32) (local $w i32)
    (local.set $schedule (i32.const 4096))
    (loop $read
      (i32.store (i32.add (local.get $schedule) (i32.shl (local.get $i) (i32.const 2)))
        (i32.or
          (i32.or
            (i32.shl (i32.load8_u (local.get $p)) (i32.const 24))
            (i32.shl (i32.load8_u offset=1 (local.get $p)) (i32.const 16)))
          (i32.or
            (i32.shl (i32.load8_u offset=2 (local.get $p)) (i32.const 8))
            (i32.load8_u offset=3 (local.get $p)))))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $read
        (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 16))))
    (local.set $q (local.get $schedule))
    (loop $extend
      (i32.store offset=64 (local.get $q)
        (i32.add
          (i32.add
            (i32.add
              (i32.xor (i32.xor (i32.rotl (local.tee $w (i32.load offset=56 (local.get $q))) (i32.const 15)) (i32.rotl (local.get $w) (i32.const 13))) (i32.shr_u (local.get $w) (i32.const 10)))
              (i32.load offset=36 (local.get $q)))
            (i32.xor (i32.xor (i32.rotl (local.tee $w (i32.load offset=4 (local.get $q))) (i32.const 25)) (i32.rotl (local.get $w) (i32.const 14))) (i32.shr_u (local.get $w) (i32.const 3))))
          (i32.load (local.get $q))))
      (local.set $q (i32.add (local.get $q) (i32.const 4)))
      (br_if $extend
        (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
    (local.set $a (i32.load offset=0 (local.get $state)))
    (local.set $b (i32.load offset=4 (local.get $state)))
    (local.set $c (i32.load offset=8 (local.get $state)))
    (local.set $d (i32.load offset=12 (local.get $state)))
    (local.set $e (i32.load offset=16 (local.get $state)))
    (local.set $f (i32.load offset=20 (local.get $state)))
    (local.set $g (i32.load offset=24 (local.get $state)))
    (local.set $h (i32.load offset=28 (local.get $state)))
    (local.set $i (i32.const 0))
    (loop $rounds
      (local.set $t1
        (i32.add
          (i32.add
            (i32.add
              (i32.add
                (local.get $h)
                (i32.xor (i32.xor (i32.rotl (local.get $e) (i32.const 26)) (i32.rotl (local.get $e) (i32.const 21))) (i32.rotl (local.get $e) (i32.const 7))))
              (i32.xor
                (i32.and (i32.xor (local.get $g) (local.get $f)) (local.get $e))
                (local.get $g)))
            (i32.load offset=1024 (i32.shl (local.get $i) (i32.const 2))))
          (i32.load (i32.add (local.get $schedule) (i32.shl (local.get $i) (i32.const 2))))))
      (local.set $t2
        (i32.add
          (i32.xor (i32.xor (i32.rotl (local.get $a) (i32.const 30)) (i32.rotl (local.get $a) (i32.const 19))) (i32.rotl (local.get $a) (i32.const 10)))
          (i32.or
            (i32.and (i32.or (local.get $b) (local.get $c)) (local.get $a))
            (i32.and (local.get $b) (local.get $c)))))
      (local.set $h (local.get $g))
      (local.set $g (local.get $f))
      (local.set $f (local.get $e))
      (local.set $e (i32.add (local.get $d) (local.get $t1)))
      (local.set $d (local.get $c))
      (local.set $c (local.get $b))
      (local.set $b (local.get $a))
      (local.set $a (i32.add (local.get $t1) (local.get $t2)))
      (br_if $rounds
        (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
    (i32.store offset=0 (local.get $state)
      (i32.add (i32.load offset=0 (local.get $state)) (local.get $a)))
    (i32.store offset=4 (local.get $state)
      (i32.add (i32.load offset=4 (local.get $state)) (local.get $b)))
    (i32.store offset=8 (local.get $state)
      (i32.add (i32.load offset=8 (local.get $state)) (local.get $c)))
    (i32.store offset=12 (local.get $state)
      (i32.add (i32.load offset=12 (local.get $state)) (local.get $d)))
    (i32.store offset=16 (local.get $state)
      (i32.add (i32.load offset=16 (local.get $state)) (local.get $e)))
    (i32.store offset=20 (local.get $state)
      (i32.add (i32.load offset=20 (local.get $state)) (local.get $f)))
    (i32.store offset=24 (local.get $state)
      (i32.add (i32.load offset=24 (local.get $state)) (local.get $g)))
    (i32.store offset=28 (local.get $state)
      (i32.add (i32.load offset=28 (local.get $state)) (local.get $h))))
  (func (export "run") (param $p i32) (param $n i32) (result i64)
    (local $i i32)
    (loop $start
      (i32.store offset=3072 (local.get $i) (i32.load offset=2048 (local.get $i)))
      (br_if $start
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 32))))
    (loop $blocks
      (call $compress (i32.const 3072) (local.get $p))
      (local.set $p (i32.add (local.get $p) (i32.const 64)))
      (br_if $blocks (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.or
      (i64.shl (i64.load32_u (i32.const 3072)) (i64.const 32))
      (i64.load32_u (i32.const 3076)))))
