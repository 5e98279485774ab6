// Steps over instructions, and says nothing about whether they are valid.

import { FORMS } from "./instructions.gen.mjs";
import { Reader, Unreadable } from "./sections.mjs";

const HAS_MEMORY_INDEX = 0x40; // in the flags of a memarg
const HAS_ORDERING = 0x10; // likewise, of an atomic access
export const ATOMIC = 0xfe;

/** Reads the instructions of function bodies and constant expressions. */
export class Stepper extends Reader {
  /** The prefix of the instruction that was stepped over last, 0 for none. */
  prefix = 0;
  /** Its opcode, behind the prefix. */
  opcode = 0;

  memoryIndex() {
    this.unsigned();
  }

  memarg() {
    this.memargFlags();
    this.unsigned();
  }

  /** Whether there was a memory index among what stands before the offset. */
  memargFlags() {
    const flags = this.unsigned();
    const named = (flags & HAS_MEMORY_INDEX) !== 0;
    if (named) this.memoryIndex();
    if (this.prefix === ATOMIC && flags & HAS_ORDERING) this.ordering();
    return named;
  }

  /** That of an atomic access. */
  ordering() {
    this.byte();
  }

  /** A value type or an index, in a signed LEB128 number; concrete references have a heap type behind. */
  blockType() {
    const byte = this.bytes[this.position];
    if (byte < 0x80) this.skipValueType();
    else this.unsigned();
  }

  /** @param {() => void} step */
  many(step) {
    for (let left = this.unsigned(); left > 0; left--) step();
  }

  catchClause() {
    const withTag = this.byte() < 2;
    if (withTag) this.unsigned();
    this.unsigned();
  }

  onClause() {
    const withLabel = this.byte() === 0;
    this.unsigned();
    if (withLabel) this.unsigned();
  }

  /** Steps over one instruction; returns its first byte. */
  instruction() {
    const first = this.byte();
    const prefixed = first !== 0 && first in FORMS;
    const opcode = prefixed ? this.unsigned() : first;
    this.prefix = prefixed ? first : 0;
    this.opcode = opcode;
    const index = () => this.unsigned();
    // biome-ignore format: one row for each form
    switch (FORMS[prefixed ? first : 0][opcode]) {
      case "0": break;
      case "1": index(); break;
      case "2": index(); index(); break;
      case "B": this.blockType(); break;
      case "V": this.many(index); index(); break;
      case "T": this.many(() => this.skipValueType()); break;
      case "Y": this.blockType(); this.many(() => this.catchClause()); break;
      case "C": this.byte(); index(); index(); index(); break;
      case "o": index(); this.many(() => this.onClause()); break;
      case "O": index(); index(); this.many(() => this.onClause()); break;
      case "m": this.memarg(); break;
      case "n": this.memarg(); this.byte(); break;
      case "i": this.memoryIndex(); break;
      case "j": this.memoryIndex(); this.memoryIndex(); break;
      case "d": index(); this.memoryIndex(); break;
      case "b": this.byte(); break;
      case "w": this.skip(4); break;
      case "x": this.skip(8); break;
      case "y": this.skip(16); break;
      default: throw new Unreadable();
    }
    return first;
  }
}
