"""Validation of types (core specification, "Validation: Types"): checked against the type section and closed."""

from __future__ import annotations

from typing import Final, TypeAlias

from pyjsapi.syntax.deftypes import DefType, close_group, map_heap
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions_gc import DESCRIPTORS
from pyjsapi.syntax.types import (
    CONT,
    EXN,
    EXTERN,
    FUNC,
    I64,
    NOCONT,
    NOEXN,
    AbsHeapType,
    ContType,
    Exact,
    ExternType,
    FieldType,
    FuncExtern,
    FuncType,
    GlobalType,
    HeapType,
    MemType,
    NumType,
    RecRef,
    RecType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
    VecType,
    ref_type,
)
from pyjsapi.validation.limits import Limits, check_limit
from pyjsapi.validation.matching import match_comp
from pyjsapi.validation.requirements import missing_feature, require_feature

_MIN_ABOVE_MAX: Final = "size minimum must not be greater than maximum"

_FEATURES: Final[dict[AbsHeapType, str]] = {
    EXN: "exceptions",
    NOEXN: "exceptions",
    CONT: "stack_switching",
    NOCONT: "stack_switching",
}
"""Features that abstract heap types need, where that is not ``gc``."""

_Block: TypeAlias = tuple[list[ValType], list[ValType]]
"""Parameters and results of a block type."""


class TypeChecker:
    """Checks and closes the types of one module. `add` takes the groups of its type section in order."""

    def __init__(self, features: Features, limits: Limits) -> None:
        self.features = features
        self.limits = limits
        self.types: list[DefType] = []
        """The type index space so far."""
        self._depths: list[int] = []
        self._plain: dict[RecType, DefType] = {}
        self._refs: dict[RefType, RefType] = {}
        self._made: dict[HeapType, RefType] = {}
        self._blocks: dict[ValType | int | None, _Block] = {}
        self._scope = 0

    # --- the type section ---

    def add(self, rec: RecType) -> None:
        """Validate a recursion group, close it and append its types ("Recursive Types")."""
        known = self._plain.get(rec)
        if known is not None:
            self.types.append(known)
            self._depths.append(0)
            self._scope = len(self.types)
            return
        size = len(rec.subtypes)
        check_limit(
            size, self.limits.rec_group_types, "rec_group_types", "types in a recursion group"
        )
        if size != 1:
            require_feature(self.features, "function_references", "a recursion group")
        start = len(self.types)
        self._scope = start + size
        described = any(map(_has_clauses, rec.subtypes))
        if described:
            require_feature(self.features, DESCRIPTORS, "a type that describes or has a descriptor")
            # No other module needs what checks them.
            from pyjsapi.validation.descriptors import check_descriptors

            check_descriptors(rec.subtypes, start)
        closed = False
        for index, sub in enumerate(rec.subtypes, start):
            closed = self._check_subtype(sub, index) or closed
        members = close_group(rec, self.types)
        self.types += members
        for index, (sub, member) in enumerate(zip(rec.subtypes, members, strict=True), start):
            if isinstance(sub.comp, ContType):
                self.func(_as_index(sub.comp.type))
            if sub.supers:
                self._check_declared_super(index, sub, member, self.types[_as_index(sub.supers[0])])
        if not closed and not described and size == 1:
            self._plain[rec] = members[0]

    def _check_subtype(self, sub: SubType, index: int) -> bool:
        """Check what can be checked before closing; whether the type names others."""
        self._depths.append(self._checked_depth(sub, index))
        comp = sub.comp
        named = bool(sub.supers)
        if isinstance(comp, FuncType):
            return self._check_func(comp, index) or named
        if isinstance(comp, ContType):
            return self._check_cont(comp, index)
        require_feature(self.features, "gc", f"type {index}, which is not a function type,")
        if isinstance(comp, StructType):
            check_limit(
                len(comp.fields),
                self.limits.struct_fields,
                "struct_fields",
                f"fields in type {index}",
            )
            fields: tuple[FieldType, ...] = comp.fields
        else:
            fields = (comp.field,)
        for field in fields:
            if isinstance(field.storage, ValType):
                named = self._check_val(field.storage) or named
        return named

    def _checked_depth(self, sub: SubType, index: int) -> int:
        """How many supertypes a type has above it, which it may declare."""
        depth = 0
        if sub.supers or not sub.final:
            require_feature(
                self.features, "function_references", f"the declared subtyping of type {index}"
            )
        if len(sub.supers) > 1:
            raise ValidationError(
                f"sub type {index} has {len(sub.supers)} super types, at most 1 is allowed"
            )
        for heap in sub.supers:
            super_index = _as_index(heap)
            self._check_index(super_index)
            if super_index >= index:
                raise ValidationError(
                    f"forward use of type {super_index} in sub type definition {index}"
                )
            depth = self._depths[super_index] + 1
            check_limit(
                depth, self.limits.subtype_depth, "subtype_depth", f"super types above type {index}"
            )
        return depth

    def _check_func(self, comp: FuncType, index: int) -> bool:
        """Check a function type; whether it names others."""
        check_limit(len(comp.params), self.limits.params, "params", f"parameters in type {index}")
        check_limit(len(comp.results), self.limits.results, "results", f"results in type {index}")
        if len(comp.results) > 1:
            require_feature(
                self.features, "multi_value", f"type {index} with {len(comp.results)} results"
            )
        named = False
        for type_ in comp.params + comp.results:
            named = self._check_val(type_) or named
        return named

    def _check_cont(self, comp: ContType, index: int) -> bool:
        """Check that a continuation type can be one, and that it names a type."""
        what = f"type {index}, which is a continuation type,"
        require_feature(self.features, "stack_switching", what)
        self._check_index(_as_index(comp.type))
        return True

    def _check_declared_super(
        self, index: int, sub: SubType, member: DefType, super_: DefType
    ) -> None:
        heap = sub.supers[0]
        if super_.final:
            raise ValidationError(f"sub type {member.comp} has final super type {heap}")
        if self.features.custom_descriptors:
            from pyjsapi.validation.descriptors import check_super_clauses

            check_super_clauses(index, sub, member, super_)
        if not match_comp(member.comp, super_.comp):
            raise ValidationError(
                f"sub type {index} does not match super type {heap}: {member.comp} and {super_.comp}"
            )

    def _check_index(self, index: int) -> None:
        if index >= self._scope:
            raise ValidationError(f"unknown type {index}")

    # --- uses of types ---

    def _check_val(self, type_: ValType) -> bool:
        """Check a value type; whether it names a type of the type section."""
        if isinstance(type_, RefType):
            return self._check_ref(type_)
        if isinstance(type_, VecType):
            require_feature(self.features, "simd", f"the type {type_}")
        elif not isinstance(type_, NumType):
            raise ValidationError(f"unknown type {type_}")
        return False

    def _check_ref(self, type_: RefType) -> bool:
        heap = type_.heap
        require_feature(self.features, "reference_types", f"the type {type_}")
        if isinstance(heap, AbsHeapType):
            self.check_heap(heap)
            if not type_.nullable:
                require_feature(self.features, "function_references", f"the type {type_}")
            return False
        self.check_heap(heap)
        return True

    def check_heap(self, heap: HeapType) -> None:
        """Check a heap type ("Heap Types")."""
        if heap is FUNC or heap is EXTERN:
            return
        if isinstance(heap, AbsHeapType):
            feature = _FEATURES.get(heap, "gc")
            require_feature(self.features, feature, f"the heap type {heap}")
            return
        if isinstance(heap, Exact):
            require_feature(self.features, DESCRIPTORS, "an exact heap type")
            heap = heap.type
        require_feature(self.features, "function_references", "a reference to a defined type")
        if isinstance(heap, RecRef):
            raise ValidationError(
                f"unknown type {heap}: a recursive reference outside of its group"
            )
        if isinstance(heap, int):
            self._check_index(heap)

    def close_heap(self, heap: HeapType) -> HeapType:
        """Check and close a heap type."""
        self.check_heap(heap)
        return map_heap(heap, self._closed)

    def _closed(self, heap: HeapType) -> HeapType:
        return self.types[heap] if isinstance(heap, int) else heap

    def new_ref(self, type_: DefType, exact: bool = True) -> RefType:
        """The type of a reference to what an instruction has just made, or to a function."""
        heap = Exact(type_) if exact and self.features.custom_descriptors else type_
        made = self._made.get(heap)
        if made is None:
            made = self._made[heap] = ref_type(False, heap)
        return made

    def val(self, type_: ValType) -> ValType:
        """Check and close a value type ("Value Types")."""
        if isinstance(type_, NumType):
            return type_
        if isinstance(type_, RefType):
            return self.ref(type_)
        self._check_val(type_)
        return type_

    def ref(self, type_: RefType) -> RefType:
        """Check and close a reference type ("Reference Types"); equal types give one object."""
        closed = self._refs.get(type_)
        if closed is None:
            self._check_ref(type_)
            closed = ref_type(type_.nullable, self.close_heap(type_.heap))
            closed = self._refs.setdefault(closed, closed)
            self._refs[type_] = closed
        return closed

    def type(self, index: int) -> DefType:
        """The defined type at a type index."""
        try:
            return self.types[index]
        except IndexError:
            raise ValidationError(f"unknown type {index}") from None

    def func(self, index: int) -> DefType:
        """The defined type at a type index, which must be a function type."""
        type_ = self.type(index)
        if not isinstance(type_.comp, FuncType):
            raise ValidationError(f"non-function type {index}")
        return type_

    def cont(self, index: int) -> DefType:
        """The defined type at a type index, which must be a continuation type."""
        type_ = self.type(index)
        if not isinstance(type_.comp, ContType):
            raise ValidationError(f"non-continuation type {index}")
        return type_

    def mem(self, type_: MemType) -> MemType:
        """Check a memory type ("Memory Types")."""
        limits = self.limits
        if type_.shared:
            require_feature(self.features, "threads", "a shared memory")
            if type_.maximum is None:
                raise ValidationError("shared memory must have maximum")
        if type_.page_size_log2 != 16:
            require_feature(self.features, "custom_page_sizes", "a custom page size")
            if type_.page_size_log2 != 0:
                raise ValidationError(
                    f"invalid custom page size: {type_.page_size} bytes, only 1 and 65536 are allowed"
                )
        if type_.addrtype is I64:
            require_feature(self.features, "memory64", "a memory with 64-bit addresses")
        largest = type_.minimum if type_.maximum is None else max(type_.minimum, type_.maximum)
        if type_.page_size_log2 == 0:
            bits = type_.addrtype.bits
            if largest >= 1 << bits:
                raise ValidationError(
                    f"memory size must be at most 2^{bits}-1 bytes, not {largest}"
                )
        elif type_.addrtype is I64:
            if largest > 1 << 48:
                raise ValidationError(
                    f"memory size must be at most 2^48 pages (256 TiB) for i64, not {largest}"
                )
            if largest > limits.memory64_pages:
                raise ValidationError(
                    f"memory size must be at most {limits.memory64_pages} pages, not {largest} "
                    "(Limits.memory64_pages)"
                )
        elif largest > 1 << 16:
            raise ValidationError(f"memory size must be at most 65536 pages (4GiB), not {largest}")
        elif largest > limits.memory32_pages:
            raise ValidationError(
                f"memory size must be at most {limits.memory32_pages} pages, not {largest} "
                "(Limits.memory32_pages)"
            )
        _check_order(type_)
        return type_

    def table(self, type_: TableType) -> TableType:
        """Check and close a table type ("Table Types")."""
        if type_.reftype.heap is FUNC and type_.reftype.nullable:
            reftype = type_.reftype
        else:
            reftype = self.ref(type_.reftype)
        bits = type_.addrtype.bits
        if type_.addrtype is I64:
            require_feature(self.features, "memory64", "a table with 64-bit addresses")
        largest = type_.minimum if type_.maximum is None else max(type_.minimum, type_.maximum)
        if largest >= 1 << bits:
            raise ValidationError(
                f"table size must be at most 2^{bits}-1 for {type_.addrtype}, not {largest}"
            )
        _check_order(type_)
        if reftype is type_.reftype:
            return type_
        return TableType(type_.addrtype, type_.minimum, type_.maximum, reftype)

    def global_(self, type_: GlobalType) -> GlobalType:
        """Check and close a global type ("Global Types")."""
        valtype = self.val(type_.valtype)
        return type_ if valtype is type_.valtype else GlobalType(valtype, type_.mutable)

    def tag(self, type_: TagType) -> TagType:
        """Check and close a tag type ("Tag Types")."""
        require_feature(self.features, "exceptions", "a tag")
        deftype = self.func(type_.type) if isinstance(type_.type, int) else type_.type
        if deftype.func.results and not self.features.stack_switching:
            what = f"non-empty tag result type: {deftype}"
            raise missing_feature(self.features, "stack_switching", what)
        return TagType(deftype)

    def extern(self, type_: ExternType) -> ExternType:
        """Check and close the type of an import ("External Types")."""
        if isinstance(type_, FuncExtern):
            if type_.exact:
                require_feature(self.features, DESCRIPTORS, "an exact function import")
            func = self.func(type_.type) if isinstance(type_.type, int) else type_.type
            return FuncExtern(func, type_.exact)
        if isinstance(type_, MemType):
            return self.mem(type_)
        if isinstance(type_, TableType):
            return self.table(type_)
        if isinstance(type_, GlobalType):
            return self.global_(type_)
        return self.tag(type_)

    def block(self, type_: ValType | int | None) -> _Block:
        """Parameters and results of a block type ("Block Types"); equal block types give the same lists."""
        block = self._blocks.get(type_)
        if block is None:
            if isinstance(type_, ValType):
                block = ([], [self.val(type_)])
            elif type_ is None:
                block = ([], [])
            else:
                require_feature(self.features, "multi_value", f"the block type {type_}")
                func = self.func(type_).func
                block = (list(func.params), list(func.results))
            self._blocks[type_] = block
        return block


def _check_order(type_: MemType | TableType) -> None:
    if type_.maximum is not None and type_.minimum > type_.maximum:
        raise ValidationError(f"{_MIN_ABOVE_MAX}: {type_.minimum} > {type_.maximum}")


def _has_clauses(sub: SubType) -> bool:
    return sub.describes is not None or sub.descriptor is not None


def _as_index(heap: HeapType) -> int:
    if not isinstance(heap, int):
        raise ValidationError(f"unknown type {heap}: a super type is named by a type index")
    return heap
