"""The parser of Web IDL definitions: interfaces, namespaces, dictionaries, enumerations, typedefs.

``partial`` definitions are merged into the definition that they extend. Anything else of Web IDL (inheritance, mixins,
callbacks, constants, iterables) is a WebIDLError that names the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, TypeVar

from generators.webidl.model import (
    Argument,
    Attribute,
    Constructor,
    Definitions,
    Dictionary,
    DictionaryMember,
    ExtendedAttributes,
    Interface,
    Member,
    Operation,
    Type,
    feature_of,
)

_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"[^"]*")
    |(?P<name>[A-Za-z_][\w-]*)
    |(?P<number>-?\d+)
    |(?P<symbol>[^\s\w"])""",
    re.VERBOSE | re.DOTALL,
)
_GENERIC = ("sequence", "Promise", "FrozenArray", "record")

_T = TypeVar("_T")


class WebIDLError(Exception):
    """The text is not Web IDL, or uses a part of it that this reader does not know."""


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def _tokens(text: str) -> list[_Token]:
    tokens = []
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise WebIDLError(f"line {line}: unexpected {text[position]!r}")
        if match.lastgroup != "blank":
            tokens.append(_Token(match.lastgroup, match[0], line))
        line += match[0].count("\n")
        position = match.end()
    tokens.append(_Token("end", "end of file", line))
    return tokens


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.position = 0
        self.definitions = Definitions()

    # ---- Tokens

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def error(self, expected: str) -> WebIDLError:
        return WebIDLError(f"line {self.token.line}: expected {expected}, found {self.token.text}")

    def take(self, *texts: str) -> bool:
        """Steps over the next token if it is one of `texts`."""
        if self.token.kind in ("name", "symbol") and self.token.text in texts:
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.error(text)

    def of_kind(self, *kinds: str) -> str:
        token = self.token
        if token.kind not in kinds:
            raise self.error(" or ".join(kinds))
        self.position += 1
        return token.text

    def name(self) -> str:
        return self.of_kind("name").removeprefix("_")

    def separated(self, item: Callable[[], _T], separator: str, end: str) -> list[_T]:
        """Items up to `end`, which is consumed; a separator may stand before it."""
        items = []
        while not self.take(end):
            items.append(item())
            if not self.take(separator):
                self.expect(end)
                break
        return items

    # ---- Definitions

    def parse(self) -> Definitions:
        while self.token.kind != "end":
            self.definition()
        return self.definitions

    def definition(self) -> None:
        attributes = self.extended_attributes()
        partial = self.take("partial")
        if self.take("interface"):
            self.interface(self.definitions.interfaces, attributes, partial)
        elif self.take("namespace"):
            self.interface(self.definitions.namespaces, attributes, partial)
        elif self.take("dictionary"):
            self.dictionary(partial)
        elif self.take("enum"):
            name = self.name()
            self.expect("{")
            values = self.separated(lambda: self.of_kind("string")[1:-1], ",", "}")
            self.definitions.enumerations[name] = tuple(values)
        elif self.take("typedef"):
            aliased = self.type()
            self.definitions.typedefs[self.name()] = aliased
        else:
            raise self.error("interface, namespace, dictionary, enum or typedef")
        self.expect(";")

    def interface(
        self, into: dict[str, Interface], attributes: ExtendedAttributes, partial: bool
    ) -> None:
        line, name = self.token.line, self.name()
        self.expect("{")
        members: list[Member] = []
        while not self.take("}"):
            members.append(self.member())
        if partial != (name in into):
            raise WebIDLError(
                f"line {line}: {name} {'is not' if partial else 'is already'} defined"
            )
        if partial:
            feature = feature_of(attributes)
            into[name].members.extend(_needing(feature, each) for each in members)
        else:
            into[name] = Interface(name, members, attributes)

    def member(self) -> Member:
        self.extended_attributes()
        member: Member
        if self.take("constructor"):
            member = Constructor(self.arguments())
        else:
            static = self.take("static")
            readonly = self.take("readonly")
            if self.take("attribute"):
                kind = self.type()
                member = Attribute(self.name(), kind, readonly)
            elif readonly:
                raise self.error("attribute")
            else:
                kind = self.type()
                member = Operation(self.name(), kind, self.arguments(), static)
        self.expect(";")
        return member

    def dictionary(self, partial: bool) -> None:
        line, name = self.token.line, self.name()
        self.expect("{")
        members = []
        while not self.take("}"):
            attributes = self.extended_attributes()
            required = self.take("required")
            kind = self.type(attributes)
            member = DictionaryMember(self.name(), kind, required, self.default())
            self.expect(";")
            members.append(member)
        dictionaries = self.definitions.dictionaries
        if partial != (name in dictionaries):
            raise WebIDLError(
                f"line {line}: {name} {'is not' if partial else 'is already'} defined"
            )
        if partial:
            dictionaries[name].members.extend(members)
        else:
            dictionaries[name] = Dictionary(name, members)

    # ---- Their parts

    def arguments(self) -> tuple[Argument, ...]:
        self.expect("(")
        return tuple(self.separated(self.argument, ",", ")"))

    def argument(self) -> Argument:
        attributes = self.extended_attributes()
        optional = self.take("optional")
        kind = self.type(attributes)
        return Argument(self.name(), kind, optional, self.default())

    def default(self) -> str | None:
        if not self.take("="):
            return None
        for opening, closing in (("{", "}"), ("[", "]")):
            if self.take(opening):
                self.expect(closing)
                return opening + closing
        return self.of_kind("name", "number", "string")

    def type(self, attributes: ExtendedAttributes | None = None) -> Type:
        attributes = {**(attributes or {}), **self.extended_attributes()}
        parameter, members = None, []
        if self.take("("):
            name = "union"
            members.append(self.type())
            while self.take("or"):
                members.append(self.type())
            self.expect(")")
        else:
            name = self.type_name()
            if name in _GENERIC:
                self.expect("<")
                parameter = self.type()
                self.expect(">")
        return Type(name, parameter, tuple(members), self.take("?"), attributes)

    def type_name(self) -> str:
        words = [self.name()]
        if words[0] in ("unsigned", "unrestricted"):
            words.append(self.name())
        if words[-1] == "long" and self.take("long"):
            words.append("long")
        return " ".join(words)

    def extended_attributes(self) -> ExtendedAttributes:
        if not self.take("["):
            return {}
        return dict(self.separated(self.extended_attribute, ",", "]"))

    def extended_attribute(self) -> tuple[str, str]:
        name = self.name()
        if not self.take("="):
            return name, ""
        if self.take("("):
            return name, ",".join(self.separated(self.name, ",", ")"))
        if self.take("*"):
            return name, "*"
        return name, self.of_kind("name", "string", "number")


def _needing(feature: str | None, member: Member) -> Member:
    return member if isinstance(member, Constructor) else replace(member, feature=feature)


def parse(text: str) -> Definitions:
    """Reads Web IDL; raises WebIDLError with the line of what it cannot read."""
    return _Parser(text).parse()
