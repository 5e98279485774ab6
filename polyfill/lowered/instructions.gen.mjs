// Made by `make generate` from pyjsapi/syntax/instructions.py: not edited by hand.
// The letter at an opcode's index tells the form of its immediates: see stepper.mjs.

export const END = 0x0b;

/** @type {Record<number, string>} */
export const FORMS = {
  0x00:
    "00BBB0B1110011V0121211--1000T--Y1111111-mmmmmmmmmmmmmmmmmmmmmmmii11wx0000000000000000000000000000000"
    + "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000---"
    + "--------1010011---------121oOo2",
  0xfb: "112222112221111012221111CC00000-11111CC",
  0xfc: "00000000d1ji212111i0000",
  0xfd:
    "mmmmmmmmmmmmyy0000000bbbbbbbbbbbbbb0000000000000000000000000000000000000000000000000nnnnnnnnmm000000"
    + "000000000000000000000000000000000000000000000000000000-0000000-00--00000000--0---000000-000000-00--0"
    + "0000000--0---0000000000000-00000000000-0000000000000000000000000000000000000",
  0xfe: "mmmb0-----------mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm",
};
