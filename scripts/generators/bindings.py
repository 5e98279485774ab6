"""The Web IDL surface of the API and its TypeScript types, from polyfill/python/webassembly.idl."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from common import ROOT, Failure
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from generators.webidl.model import Argument, Definitions, DictionaryMember, Operation, Type
from generators.webidl.parser import WebIDLError, parse
from generators.webidl.typescript import TypeScript, UnknownType

SOURCE = ROOT / "polyfill" / "python" / "webassembly.idl"
TEMPLATES = Path(__file__).resolve().parent / "templates"

# Parameters may not be called so: words of JavaScript, names that the template uses.
_RESERVED = frozenset(
    {"arguments", "default", "function", "impl", "in", "interfaces", "new", "state"}
)


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _local(name: str) -> str:
    """The name of the JavaScript variable for an argument or member."""
    return name + "_" * (name in _RESERVED)


def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quote"] = _quote
    return environment.get_template(name)


class Generator:
    """Writes the JavaScript of one file's definitions; its methods are the template's functions."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions

    def render(self) -> str:
        """The text of the generated module."""
        definitions = self.definitions
        return _template("bindings.mjs.j2").render(
            enumerations={
                name: values
                for name, values in definitions.enumerations.items()
                if self._is_converted(name)
            },
            dictionaries=[
                each for each in definitions.dictionaries.values() if self._is_converted(each.name)
            ],
            interfaces=list(definitions.interfaces.values()),
            namespace=definitions.namespaces["WebAssembly"],
            local=_local,
            parameters=self.parameters,
            passed=self.passed,
            checks=self.checks,
            member_conversion=self.member_conversion,
            namespace_body=self.namespace_body,
        )

    # ---- Which definitions come in, and so need a conversion

    def _is_converted(self, name: str) -> bool:
        return name in self._converted

    @property
    def _converted(self) -> set[str]:
        """Names of the types that arguments have, and of those that their members have."""
        definitions = self.definitions
        arguments: list[Argument] = []
        for interface in (*definitions.interfaces.values(), *definitions.namespaces.values()):
            if interface.constructor is not None:
                arguments.extend(interface.constructor.arguments)
            for overloads in interface.operations.values():
                for operation in overloads:
                    arguments.extend(operation.arguments)
        waiting = [each.type for each in arguments]
        names: set[str] = set()
        while waiting:
            type_ = waiting.pop()
            if type_.parameter is not None:
                waiting.append(type_.parameter)
            if type_.name not in names:
                names.add(type_.name)
                if type_.name in definitions.dictionaries:
                    members = definitions.dictionaries[type_.name].members
                    waiting.extend(member.type for member in members)
        return names

    # ---- Conversions

    def conversion(self, type_: Type, value: str, what: str) -> str:
        """A JavaScript expression that converts the variable `value`; `what` is an expression too."""
        definitions, name = self.definitions, type_.name
        if name in definitions.typedefs:
            aliased = definitions.typedefs[name]
            return self.conversion(aliased, value, what)
        if type_.nullable:
            return f"C.nullable({value}, {self._converter(replace(type_, nullable=False))}, {what})"
        if name == "any":
            return value
        if name == "boolean":
            return f"!!{value}"
        if name == "sequence" and type_.parameter is not None:
            return f"C.sequence({value}, {self._converter(type_.parameter)}, {what})"
        if name == "Promise":
            return f"C.promiseOf({value})"
        if name == "AllowSharedBufferSource":
            resizable = "true" if "AllowResizable" in type_.attributes else "false"
            return f"C.bufferSource({value}, {{ shared: true, resizable: {resizable} }}, {what})"
        if name in definitions.enumerations:
            return f"C.enumeration({value}, {name}, {what})"
        if name in definitions.dictionaries:
            return f"to{name}({value}, {what})"
        if name in definitions.interfaces:
            return f"C.platformObject({value}, interfaces.{name}, {what})"
        simple = {
            "Function": "callback",
            "object": "object",
            "DOMString": "domString",
            "USVString": "usvString",
        }
        if name == "unsigned long":
            enforced = "EnforceRange" in type_.attributes
            simple[name] = "enforcedUnsignedLong" if enforced else "unsignedLong"
        if name not in simple:
            raise Failure(f"{SOURCE.name}: no conversion is known for the type {type_}")
        return f"C.{simple[name]}({value}, {what})"

    def _converter(self, type_: Type) -> str:
        """A JavaScript function of a value and of what it is called in messages."""
        body = self.conversion(type_, "item", "at")
        named = re.fullmatch(r"([\w.]+)\(item, at\)", body)
        return named[1] if named else f"({'item' if body == 'item' else 'item, at'}) => {body}"

    def member_conversion(self, member: DictionaryMember) -> str:
        """The conversion of a dictionary's member, whose value is present."""
        what = f"`${{what}}.{member.name}`"
        selector = member.type.attributes.get("AddressOf")
        if selector is not None:
            return f"C.addressValue(value, result.{selector}, {what})"
        return self.conversion(member.type, "value", what)

    # ---- Operations

    def parameters(self, arguments: Sequence[Argument]) -> str:
        """The formal parameters; those after the required ones do not count for ``length``."""
        return ", ".join(_local(each.name) + " = undefined" * each.optional for each in arguments)

    def passed(self, arguments: Sequence[Argument], *more: str) -> str:
        """The actual arguments of the call of the implementation."""
        return ", ".join([*(_local(each.name) for each in arguments), *more])

    def checks(
        self, arguments: Sequence[Argument], where: str, *, missing: bool = False
    ) -> list[str]:
        """Statements that count the arguments, unless they may be ``missing``, then convert them in order."""
        needed = 0 if missing else sum(not each.optional for each in arguments)
        count = [f"C.requireArguments(arguments.length, {needed}, '{where}');"] if needed else []
        return count + self._conversions(arguments, where)

    def _conversions(self, arguments: Sequence[Argument], where: str) -> list[str]:
        lines = []
        for argument in arguments:
            name = _local(argument.name)
            converted = self.conversion(argument.type, name, _quote(f"{where}: {argument.name}"))
            if converted == name:
                continue
            assignment = f"{name} = {converted};"
            if argument.optional and argument.default is None:
                lines += [f"if ({name} !== undefined) {{", f"  {assignment}", "}"]
            else:
                lines.append(assignment)
        return lines

    def namespace_body(self, name: str, overloads: Sequence[Operation], where: str) -> list[str]:
        """The statements of a namespace's operation.

        The overloads after the first are told from it by an interface that their first argument has.
        """
        first = overloads[0].arguments
        needed = sum(not each.optional for each in first)
        lines = [f"C.requireArguments(arguments.length, {needed}, '{where}');"]
        for other in overloads[1:]:
            selector = other.arguments[0].type.name
            if selector not in self.definitions.interfaces:
                raise Failure(f"{SOURCE.name}: the overloads of {name} differ in no interface")
            if len(other.arguments) > len(first):
                raise Failure(f"{SOURCE.name}: the first overload of {name} must be the longest")
            # The parameters of the function have the names of the first overload.
            renamed = [
                replace(theirs, name=ours.name)
                for ours, theirs in zip(first, other.arguments, strict=False)
            ]
            lines.append(
                f"if (interfaces.{selector}.state({_local(first[0].name)}) !== undefined) {{"
            )
            lines += ["  " + line for line in self._conversions(renamed[1:], where)]
            lines.append(f"  return impl.{name}_{selector.lower()}({self.passed(renamed)});")
            lines.append("}")
        lines += self._conversions(first, where)
        lines.append(f"return impl.{name}({self.passed(first)});")
        return lines


_WHERE = {
    "promiseIntegration": "Where calls can be suspended: where the engine of JavaScript has promise integration."
}
"""Of features that are no experiments, where they are."""


def _conditional(feature: str | None, indent: int) -> str:
    """The comment of a declaration that a feature brings."""
    if not feature:
        return ""
    text = _WHERE.get(feature, f"Experimental: with the feature `{feature}`.")
    return f"{' ' * indent}/** {text} */\n"


def _types(definitions: Definitions) -> str:
    typescript = TypeScript(definitions)
    return _template("webassembly.d.ts.j2").render(
        enumerations=definitions.enumerations,
        dictionaries=list(definitions.dictionaries.values()),
        interfaces=list(definitions.interfaces.values()),
        namespace=definitions.namespaces["WebAssembly"],
        conditional=_conditional,
        signature=typescript.signature,
        incoming=typescript.incoming,
        outgoing=typescript.outgoing,
    )


def _definitions() -> Definitions:
    return parse(SOURCE.read_text(encoding="utf-8"))


def javascript() -> str:
    """The text of the bindings."""
    try:
        return Generator(_definitions()).render()
    except WebIDLError as error:
        raise Failure(f"{SOURCE}: {error}") from error


def typescript() -> str:
    """The text of the TypeScript types."""
    try:
        return _types(_definitions())
    except (WebIDLError, UnknownType) as error:
        raise Failure(f"{SOURCE}: {error}") from error
