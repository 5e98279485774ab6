"""What the WebAssembly JavaScript API borrows from ECMAScript and Web IDL, on Python values.

Buffers, typed arrays, ``DataView``, ``null``, the conversions of values, and the errors. Nothing
here knows of WebAssembly.
"""

from __future__ import annotations

from .arraybuffer import ArrayBuffer, ArrayBufferView
from .buffer_source import bytes_of_buffer_source, is_buffer_source
from .dataview import DataView
from .errors import DataCloneError, RangeError
from .sharedarraybuffer import SharedArrayBuffer
from .typedarray_kinds import (
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
from .typedarray_methods import TypedArray
from .values import Null, is_nullish, is_object, null

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
