// Whether the engine itself runs modules with several memories, found out by running one.

import * as native from "./native.mjs";

// (module
//   (memory $a 1 2) (memory $b 1 3)
//   (data (memory $b) (i32.const 16) "\05")
//   (func (export "probe") (result i32)
//     (i32.store8 $a (i32.const 8) (i32.const 3))
//     (i32.store8 $b (i32.const 8) (i32.const 7))
//     (memory.copy $a $b (i32.const 0) (i32.const 8) (i32.const 1))
//     (drop (memory.grow $b (i32.const 2)))
//     (i32.store8 $b offset=131072 (i32.const 8) (i32.const 11))
//     ;; the bytes 7, 3, 5 and 11 and the sizes 1 and 3, as digits of one number
//     …))
const PROBE = "AGFzbQEAAAABBQFgAAF/AwIBAAUHAgEBAgEBAwcJAQVwcm9iZQAACmgBZgBBCEEDOgAAQQhBBzpAAQBBAEEIQQH8CgABQQJAARpBCEELOkAB"
  + "gIAIQQAtAABB5ABBCC0AAGxBkM4AQRAtQAEAbEHAhD1BiIAILUABAGxBgMLXLz8AbEGAhK/fAD8BbGpqampqCwsIAQIBQRALAQU=";
const ANSWER = 711050307;

let answer;

/** Whether the engine validates and correctly runs a module with two memories. */
export function hasMultiMemory() {
  if (answer === undefined) {
    const bytes = Uint8Array.from(atob(PROBE), (character) => character.charCodeAt(0));
    try {
      answer = native.validate(bytes)
        && new native.Instance(new native.Module(bytes)).exports.probe() === ANSWER;
    } catch {
      answer = false;
    }
  }
  return answer;
}
