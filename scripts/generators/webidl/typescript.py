"""TypeScript types for Web IDL types."""

from __future__ import annotations

from dataclasses import replace

from generators.webidl.model import Constructor, Definitions, Operation, Type

# The functions that come out return promises.
_FUNCTION = "(...values: any[]) => any"
_PROMISING = "(...values: any[]) => Promise<any>"
_SIMPLE = {
    "Function": _FUNCTION,
    "any": "any",
    "boolean": "boolean",
    "object": "object",
    "undefined": "undefined",
    "DOMString": "string",
    "USVString": "string",
    "unsigned long": "number",
    "ArrayBuffer": "ArrayBuffer",
    "SharedArrayBuffer": "SharedArrayBuffer",
    "AllowSharedBufferSource": "Bytes",
    "Response": "Response",
}
# More than the IDL can say of these: an address value is a number, or a bigint for the address type i64; objects that
# go in and come out hold imports and exports.
_ADDRESS_VALUE = "number | bigint"
_OBJECTS = {"importObject": "Imports", "exports": "Exports"}


class UnknownType(Exception):
    """No TypeScript type is known for an IDL type."""


class TypeScript:
    """Types of TypeScript for the types of one file's definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions

    def incoming(self, type_: Type, name: str = "") -> str:
        """The type of what is passed in: everything that a conversion is meant for."""
        if type_.name == "AddressValue":
            return _ADDRESS_VALUE
        if type_.name == "sequence" and type_.parameter is not None:
            return f"Iterable<{self.incoming(type_.parameter)}>"
        if type_.name == "Promise" and type_.parameter is not None:
            inner = self.incoming(type_.parameter)
            return f"{inner} | PromiseLike<{inner}>"
        return self._type(type_, name)

    def outgoing(self, type_: Type, name: str = "") -> str:
        """The type of a result or of an attribute."""
        if type_.name == "sequence" and type_.parameter is not None:
            return f"{self.outgoing(type_.parameter)}[]"
        if type_.name == "Promise" and type_.parameter is not None:
            return f"Promise<{self.outgoing(type_.parameter)}>"
        if type_.name == "union":
            return " | ".join(self.outgoing(each) for each in type_.members)
        if type_.name == "Function":
            return _PROMISING
        return self._type(type_, name)

    def signature(self, head: str, operation: Operation | Constructor, indent: int) -> str:
        """A function's declaration, with a line for each parameter where one line is too long."""
        parameters = [
            f"{each.name}{'?' * each.optional}: {self.incoming(each.type, each.name)}"
            for each in operation.arguments
        ]
        result = ""
        if isinstance(operation, Operation):
            outgoing = self.outgoing(operation.type)
            result = ": " + ("void" if outgoing == "undefined" else outgoing)
        margin = " " * indent
        line = f"{margin}{head}({', '.join(parameters)}){result};"
        if len(line) <= 120:
            return line
        inner = "".join(f"{margin}  {each},\n" for each in parameters)
        return f"{margin}{head}(\n{inner}{margin}){result};"

    def _type(self, type_: Type, name: str) -> str:
        definitions = self.definitions
        if type_.nullable:
            return f"{self._type(replace(type_, nullable=False), name)} | null"
        if type_.name == "object" and name in _OBJECTS:
            return _OBJECTS[name]
        if type_.name in definitions.typedefs:
            return self._type(definitions.typedefs[type_.name], name)
        named = (definitions.enumerations, definitions.dictionaries, definitions.interfaces)
        if any(type_.name in kind for kind in named):
            return type_.name
        if type_.name not in _SIMPLE:
            raise UnknownType(f"no TypeScript type is known for {type_}")
        return _SIMPLE[type_.name]
