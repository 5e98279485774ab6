"""What a Web IDL file defines. Names of classes and fields are those of the Web IDL standard."""

from __future__ import annotations

from dataclasses import dataclass, field

ExtendedAttributes = dict[str, str]
"""Extended attributes by name; the value is the text after ``=``, or empty."""


def feature_of(attributes: ExtendedAttributes) -> str | None:
    """What an implementation must have for what has the attributes to be there."""
    return attributes.get("Experimental") or attributes.get("Where")


@dataclass(frozen=True)
class Type:
    """A type: a name such as ``unsigned long``, with its parameter for ``sequence`` and ``Promise``.

    A union has the name ``union`` and its member types in `members`.
    """

    name: str
    parameter: Type | None = None
    members: tuple[Type, ...] = ()
    nullable: bool = False
    attributes: ExtendedAttributes = field(default_factory=dict)

    def __str__(self) -> str:
        if self.name == "union":
            text = f"({' or '.join(map(str, self.members))})"
        elif self.parameter is not None:
            text = f"{self.name}<{self.parameter}>"
        else:
            text = self.name
        return text + "?" * self.nullable


@dataclass(frozen=True)
class Argument:
    """An argument of an operation. `default` is the source text of its default value."""

    name: str
    type: Type
    optional: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Constructor:
    """A constructor operation."""

    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Operation:
    """A regular or static operation."""

    name: str
    type: Type
    arguments: tuple[Argument, ...]
    static: bool = False
    feature: str | None = None
    """What an implementation must have for it to be there."""


@dataclass(frozen=True)
class Attribute:
    """A regular attribute."""

    name: str
    type: Type
    readonly: bool = False
    feature: str | None = None
    """See `Operation`."""


Member = Constructor | Operation | Attribute


@dataclass
class Interface:
    """An interface, or a namespace; members are in the order of the file, partial ones last."""

    name: str
    members: list[Member]
    attributes: ExtendedAttributes = field(default_factory=dict)

    @property
    def constructor(self) -> Constructor | None:
        return next((each for each in self.members if isinstance(each, Constructor)), None)

    @property
    def feature(self) -> str | None:
        """What an implementation must have for the interface to be there."""
        return feature_of(self.attributes)

    @property
    def optional_members(self) -> dict[str, list[str]]:
        """The names of members that need a feature, by it."""
        found: dict[str, list[str]] = {}
        for each in self.members:
            feature = None if isinstance(each, Constructor) else each.feature
            if feature is not None and not isinstance(each, Constructor):
                found.setdefault(feature, []).append(each.name)
        return found

    @property
    def attribute_members(self) -> list[Attribute]:
        return [each for each in self.members if isinstance(each, Attribute)]

    @property
    def operations(self) -> dict[str, list[Operation]]:
        """The operations by name: more than one in a list are overloads."""
        operations: dict[str, list[Operation]] = {}
        for each in self.members:
            if isinstance(each, Operation):
                operations.setdefault(each.name, []).append(each)
        return operations


@dataclass(frozen=True)
class DictionaryMember:
    """A member of a dictionary."""

    name: str
    type: Type
    required: bool = False
    default: str | None = None


@dataclass
class Dictionary:
    """A dictionary; members are in the order of the file."""

    name: str
    members: list[DictionaryMember]

    @property
    def reading_order(self) -> list[DictionaryMember]:
        """The members in the order in which they are read: lexicographic, ``[ReadFirst]`` ones before."""
        return sorted(
            self.members, key=lambda each: ("ReadFirst" not in each.type.attributes, each.name)
        )


@dataclass
class Definitions:
    """Everything that a file defines, by name and kind."""

    interfaces: dict[str, Interface] = field(default_factory=dict)
    namespaces: dict[str, Interface] = field(default_factory=dict)
    dictionaries: dict[str, Dictionary] = field(default_factory=dict)
    enumerations: dict[str, tuple[str, ...]] = field(default_factory=dict)
    typedefs: dict[str, Type] = field(default_factory=dict)
