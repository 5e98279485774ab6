;; The memory index in the binary format: bit 6 of a memarg's flags, and one index byte where 1.0 had a zero.

(module binary
  "\00asm" "\01\00\00\00"
  "\01\05\01\60\00\01\7f"               ;; type () -> i32
  "\03\02\01\00"                        ;; function of type 0
  "\05\05\02\00\01\00\01"               ;; two memories of one page
  "\07\05\01\01\66\00\00"               ;; export "f"
  "\0a\18\01\16\00"                     ;; code
  "\41\00" "\41\2a" "\36\42\01\03"      ;; i32.store 1 offset=3
  "\41\00" "\28\02\03"                  ;; i32.load offset=3
  "\41\00" "\28\42\01\03"               ;; i32.load 1 offset=3
  "\6a\0b"
)
(assert_return (invoke "f") (i32.const 42))

(assert_malformed
  (module binary
    "\00asm" "\01\00\00\00" "\01\05\01\60\00\01\7f" "\03\02\01\00" "\05\03\01\00\01"
    "\0a\0a\01\08\00" "\41\00" "\28\82\01\00" "\0b"   ;; flags 0x82: bit 7
  )
  "malformed memop flags"
)
(assert_invalid
  (module binary
    "\00asm" "\01\00\00\00" "\01\05\01\60\00\01\7f" "\03\02\01\00" "\05\03\01\00\01"
    "\0a\0a\01\08\00" "\41\00" "\28\42\01\00" "\0b"   ;; memory 1 of 1
  )
  "unknown memory 1"
)
