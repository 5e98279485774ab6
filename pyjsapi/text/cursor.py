"""Moving over tokens: the part of the parser that all productions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pyjsapi.syntax.errors import ParseError
from pyjsapi.syntax.instructions import Imm
from pyjsapi.text.annotations import ModuleAnnotations
from pyjsapi.text.identifiers import Duplicate, Identifier, IndexSpace
from pyjsapi.text.lexer import Source, is_string, is_token, string_bytes
from pyjsapi.text.numbers import (
    LANE_TYPES,
    VECTOR_BITS,
    ConstantOutOfRange,
    float_bits,
    integer,
    is_nat,
    is_number,
    lane_bits,
    nat,
)

_LITERALS: Final[dict[Imm, Callable[[str], int]]] = {
    Imm.I32: lambda token: integer(token, 32),
    Imm.I64: lambda token: integer(token, 64),
    Imm.F32: lambda token: float_bits(token, 32),
    Imm.F64: lambda token: float_bits(token, 64),
}
_DIGITS: Final = frozenset("0123456789")


class Cursor:
    """A position ``i`` in the tokens of a source, and the smallest productions."""

    def __init__(self, source: Source, position: int = 0) -> None:
        self.source: Final = source
        self.tokens: Final = source.tokens
        self.i = position
        self.annotations = ModuleAnnotations(())
        self._identifiers: dict[str, Identifier] = {}

    def error(self, message: str, index: int | None = None) -> ParseError:
        """An error about the token at ``index``, by default the current one."""
        return self.source.error(message, self.i if index is None else index)

    def unexpected(self, index: int | None = None, wanted: str = "") -> ParseError:
        """An error for a token that no production allows here."""
        return self.source.unexpected(self.i if index is None else index, wanted)

    def check_token(self) -> None:
        """Raise `ParseError` if what comes next is not even a token."""
        token = self.tokens[self.i]
        if token and not is_token(token):
            raise self.unexpected()

    def expect(self, token: str) -> None:
        """Consume exactly this token."""
        if self.tokens[self.i] != token:
            raise self.unexpected(wanted=token)
        self.i += 1

    def accept(self, token: str) -> bool:
        """Consume this token if it comes next."""
        if self.tokens[self.i] != token:
            return False
        self.i += 1
        return True

    def accept_form(self, keyword: str) -> bool:
        """Consume an opening parenthesis with the keyword after it if they come next."""
        if self.tokens[self.i] != "(" or self.tokens[self.i + 1] != keyword:
            return False
        self.i += 2
        return True

    def at_form(self, keyword: str) -> bool:
        """Whether an opening parenthesis with the keyword comes next."""
        return self.tokens[self.i] == "(" and self.tokens[self.i + 1] == keyword

    def string(self) -> bytes:
        """A string literal."""
        token = self.tokens[self.i]
        if not is_string(token):
            raise self.unexpected(wanted="a string")
        try:
            value = string_bytes(token)
        except ValueError as error:
            raise self.error(f"illegal escape in string literal: {error}") from None
        self.i += 1
        return value

    def strings(self) -> bytes:
        """Any number of string literals, concatenated."""
        parts = []
        while self.tokens[self.i][:1] == '"':
            parts.append(self.string())
        return b"".join(parts)

    def name(self) -> str:
        """A string literal that is valid UTF-8."""
        index = self.i
        try:
            return self.string().decode()
        except UnicodeDecodeError:
            raise self.error("malformed UTF-8 encoding in a name", index) from None

    def nat(self, bits: int) -> int:
        """An unsigned integer literal below 2**bits."""
        token = self.tokens[self.i]
        if not is_nat(token):
            raise self.unexpected(wanted="a number")
        try:
            value = nat(token, bits)
        except ConstantOutOfRange as error:
            raise self.error(str(error)) from None
        self.i += 1
        return value

    def literal_bits(self, kind: Imm) -> int:
        """The number literal of a ``const`` instruction with this immediate, as its bits."""
        token = self.tokens[self.i]
        if not is_number(token):
            raise self.unexpected(wanted="a number")
        try:
            value = _LITERALS[kind](token)
        except ConstantOutOfRange as error:
            raise self.error(str(error)) from None
        self.i += 1
        return value

    def shape(self) -> str:
        """A vector shape, as `LANE_TYPES` names it."""
        shape = self.tokens[self.i]
        if shape not in LANE_TYPES:
            raise self.unexpected(wanted="a vector shape")
        self.i += 1
        return shape

    def lane_literal(self, shape: str) -> int:
        """The literal of a lane of a vector with this shape, as its bits."""
        token = self.tokens[self.i]
        if not is_number(token):
            raise self.unexpected(wanted="a number")
        try:
            value = lane_bits(token, shape)
        except ConstantOutOfRange as error:
            raise self.error(str(error)) from None
        self.i += 1
        return value

    def vector_literal(self) -> int:
        """A shape and the literals of all its lanes, as the bits of the vector."""
        start = self.i
        shape = self.shape()
        bits = LANE_TYPES[shape][1]
        wanted = VECTOR_BITS // bits
        count = 0
        while is_number(self.tokens[self.i + count]):
            count += 1
        if count != wanted:
            self.i += count
            self.check_token()
            raise self.error(f"wrong number of lane literals: {count} instead of {wanted}", start)
        lanes = [self.lane_literal(shape) for _ in range(count)]
        return sum(lane << i * bits for i, lane in enumerate(lanes))

    def at_nat(self) -> bool:
        """Whether an unsigned integer literal comes next."""
        return is_nat(self.tokens[self.i])

    def identifier(self) -> Identifier | None:
        """An identifier if one comes next."""
        token = self.tokens[self.i]
        if token[:1] != "$":
            return None
        found = self._identifiers.get(token)
        if found is None:
            found = self._identifiers[token] = self._canonical(token)
        self.i += 1
        return found

    def _canonical(self, token: str) -> Identifier:
        if len(token) > 1 and '"' not in token:
            return token
        if not is_string(token[1:]) or token == '$""':
            raise self.unexpected()
        try:
            return "$" + string_bytes(token[1:]).decode()
        except ValueError:
            raise self.error("malformed UTF-8 encoding in an identifier") from None

    def at_index(self) -> bool:
        """Whether an index (a number or an identifier) comes next."""
        token = self.tokens[self.i]
        return token[:1] == "$" or (token[:1] in _DIGITS and is_nat(token))

    def index(self, space: IndexSpace) -> int:
        """An index into a space."""
        token = self.tokens[self.i]
        if token[:1] == "$":
            # A quoted identifier as it is written could equal another that has quotation marks in it.
            found = space.indices.get(token) if token[1:2] != '"' else None
            if found is not None:
                self.i += 1
                return found
            at = self.i
            identifier = self.identifier()
            if identifier not in space.indices:
                raise self.error(f"unknown {space.kind} {identifier}", at)
            return space.indices[identifier]
        return self.nat(32)

    def bind(self, space: IndexSpace, identifier: Identifier | None, at: int) -> int:
        """Take the next index of a space, for the definition whose identifier stands at ``at``.

        A name annotation may stand after the identifier.
        """
        try:
            index = space.add(identifier)
        except Duplicate as duplicate:
            raise self.error(str(duplicate), at) from None
        if self.annotations:
            name = self.annotations.name_before(at + (identifier is not None), space.kind)
            if name is not None:
                space.annotated[index] = name
        return index

    def bind_group(
        self, space: IndexSpace, identifier: Identifier | None, at: int, count: int
    ) -> None:
        """Take the next ``count`` indices, for a declaration of so many things; only one alone may have a name."""
        if count == 1:
            self.bind(space, identifier, at)
        else:
            space.count += count
