;; What the generated glue gives an adapter in JavaScript beside memories and transcoders, as a module: the two slots of
;; context-local storage, and the marks around a call from one component into another. No inner component here uses
;; context-local storage, so a call needs no fresh slots: the marks only count.
(module
  (global $slot0 (mut i32) (i32.const 0))
  (global $slot1 (mut i32) (i32.const 0))
  (global $entered (mut i32) (i32.const 0))
  (func (export "get0") (result i32) (global.get $slot0))
  (func (export "get1") (result i32) (global.get $slot1))
  (func (export "set0") (param i32) (global.set $slot0 (local.get 0)))
  (func (export "set1") (param i32) (global.set $slot1 (local.get 0)))
  ;; (caller component, callee is async, callee component)
  (func (export "enter-sync-call") (param i32 i32 i32)
    (global.set $entered (i32.add (global.get $entered) (i32.const 1))))
  (func (export "exit-sync-call")
    (global.set $entered (i32.sub (global.get $entered) (i32.const 1))))
  ;; calls entered and not yet left: 0 between calls from the host
  (func (export "entered") (result i32) (global.get $entered)))
