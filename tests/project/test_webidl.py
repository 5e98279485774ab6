"""The reader of Web IDL, from which the bindings are generated."""

from __future__ import annotations

from pathlib import Path

import generators.webidl.parser as webidl
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"


def test_an_interface_is_read_with_all_its_parts() -> None:
    definitions = webidl.parse("""
        [LegacyNamespace=N, Exposed=(Window,Worker)] // one line
        interface Thing {
          /* several
             lines */
          constructor(Options options, optional any value);
          readonly attribute (DOMString or undefined) stack;
          attribute any value;
          static sequence<unsigned long long> list(Thing thing, [EnforceRange] unsigned long index);
          Promise<Thing?> later(optional Options options = {}, optional long count = -1);
          undefined later(optional USVString text = "a b");
        };
    """)
    thing = definitions.interfaces["Thing"]
    assert thing.attributes == {"LegacyNamespace": "N", "Exposed": "Window,Worker"}
    assert thing.constructor is not None
    first, second = thing.constructor.arguments
    assert (first.name, first.optional, second.name, second.optional) == (
        "options",
        False,
        "value",
        True,
    )
    stack, value = thing.attribute_members
    assert (str(stack.type), stack.readonly) == ("(DOMString or undefined)", True)
    assert (str(value.type), value.readonly) == ("any", False)
    (listing,) = thing.operations["list"]
    assert listing.static
    assert str(listing.type) == "sequence<unsigned long long>"
    assert listing.arguments[1].type.attributes == {"EnforceRange": ""}
    one, other = thing.operations["later"]
    assert str(one.type) == "Promise<Thing?>"
    assert [each.default for each in (*one.arguments, *other.arguments)] == ["{}", "-1", '"a b"']


def test_dictionaries_are_read_in_lexicographic_order_of_their_members() -> None:
    definitions = webidl.parse("""
        dictionary D { required any b; [ReadFirst] any c; };
        partial dictionary D { boolean a = false; };
    """)
    dictionary = definitions.dictionaries["D"]
    assert [each.name for each in dictionary.members] == ["b", "c", "a"]
    assert [each.name for each in dictionary.reading_order] == ["c", "a", "b"]
    assert [each.required for each in dictionary.reading_order] == [False, False, True]


def test_partial_namespaces_enumerations_and_typedefs_are_read() -> None:
    definitions = webidl.parse("""
        namespace N { boolean one(); };
        partial namespace N { boolean two(); };
        enum E { "a", "b", };
        typedef any Value;
    """)
    assert list(definitions.namespaces["N"].operations) == ["one", "two"]
    assert definitions.enumerations == {"E": ("a", "b")}
    assert str(definitions.typedefs["Value"]) == "any"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("interface A {}", "line 1: expected ;, found end of file"),
        ("\ninterface A : B {};", "line 2: expected {, found :"),
        (
            "mixin M {};",
            "line 1: expected interface, namespace, dictionary, enum or typedef, found mixin",
        ),
        ("enum E { a };", "line 1: expected string, found a"),
        ("interface A {\n readonly any a;\n};", "line 2: expected attribute, found any"),
        ("interface A {}; interface A {};", "line 1: A is already defined"),
        ("partial dictionary D {};", "line 1: D is not defined"),
        ('enum E { "a };', "line 1: unexpected '\"'"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(webidl.WebIDLError) as caught:
        webidl.parse(text)
    assert str(caught.value) == message


def test_what_needs_a_feature_is_known_by_it() -> None:
    definitions = webidl.parse("""
        [Where=stacks] interface A { constructor(Function f); };
        [Experimental=control] interface B { constructor(); };
        namespace N { any a(); };
        [Where=stacks] partial namespace N { any b(); };
    """)
    features = {name: each.feature for name, each in definitions.interfaces.items()}
    assert features == {"A": "stacks", "B": "control"}
    assert definitions.namespaces["N"].optional_members == {"stacks": ["b"]}
