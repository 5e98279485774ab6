"""What the WebAssembly JavaScript API borrows from ECMAScript and Web IDL, on Python values.

Buffers, typed arrays, ``DataView``, ``null``, the conversions of values, and the errors. Nothing
here knows of WebAssembly.
"""

from __future__ import annotations

from pyjsapi.ecmascript.arraybuffer import ArrayBuffer, ArrayBufferView
from pyjsapi.ecmascript.buffer_source import bytes_of_buffer_source, is_buffer_source
from pyjsapi.ecmascript.dataview import DataView
from pyjsapi.ecmascript.errors import DataCloneError, RangeError
from pyjsapi.ecmascript.sharedarraybuffer import SharedArrayBuffer
from pyjsapi.ecmascript.typedarray_kinds import (
    TYPED_ARRAYS,
    BigInt64Array,
    BigUint64Array,
    Float16Array,
    Float32Array,
    Float64Array,
    Int8Array,
    Int16Array,
    Int32Array,
    Uint8Array,
    Uint8ClampedArray,
    Uint16Array,
    Uint32Array,
)
from pyjsapi.ecmascript.typedarray_methods import TypedArray
from pyjsapi.ecmascript.values import Null, is_nullish, is_object, null

__all__ = [
    "TYPED_ARRAYS",
    "ArrayBuffer",
    "ArrayBufferView",
    "BigInt64Array",
    "BigUint64Array",
    "DataCloneError",
    "DataView",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "Int8Array",
    "Int16Array",
    "Int32Array",
    "Null",
    "RangeError",
    "SharedArrayBuffer",
    "TypedArray",
    "Uint8Array",
    "Uint8ClampedArray",
    "Uint16Array",
    "Uint32Array",
    "bytes_of_buffer_source",
    "is_buffer_source",
    "is_nullish",
    "is_object",
    "null",
]
