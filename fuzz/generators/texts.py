"""Valid texts with a few wrong tokens: is it well-formed, and does its binary form come back from its own text?"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final

from fuzz.expressions import lists, parse, replaced, tokens, write
from fuzz.program import Program

BASES: Final = (
    "aliasing", "blocks", "counters", "gc", "gc", "handlers", "memories", "numerics", "segments", "segments",
    "tables", "tables", "tails", "vectors",
)  # fmt: skip
_WORDS: Final = (
    "$x", "$a", "$f", "0", "1", "-1", "0x10", "1_000", "0x1p3", "nan", "nan:0x1", "inf", "-0", "4294967296", "1e400",
    "i32", "i64", "f32", "f64", "v128", "funcref", "externref", "anyref", "exnref", "(ref null func)", "(ref $a)",
    "param", "result", "local", "func", "type", "table", "memory", "global", "export", "import", "elem", "data", "item",
    "declare", "offset=4", "align=8", "align=3", "mut", "then", "else", "end", "nop", "drop", "(nop)", "()", "(;x;)",
    ';;x\n', '"\\u{41}"', '"\\00"', '"\\ff"', '"a"', '"\\t"', "\u00e9", "$\u00e9", '"\u20ac"', "(@x)", "(@custom)", "=",
    "i32.const", "local.get", "br", "if", "block", "loop", "(then)", "(else)", "ref", "null", "shared", "sub", "final",
    "rec", "struct", "array", "field", "i8", "i16", "i31", "eq", "any", "none", "nofunc", "noextern", "noexn", "exn",
    "tag", "catch", "catch_all", "try_table", "i32x4", "0xffffffff", "-2147483649", "18446744073709551615", "+1", "1.",
    ".5", "0x", "1__0", "0x1.8p-1", "start", "extern", "$", "pagesize", "(pagesize 1)", "definition", "quote", "binary",
)  # fmt: skip
"""Words that are put where others were."""


def changed(random: Random, text: str) -> str:
    """A text with one change of its tokens, or of its tree."""
    if random.random() < 0.4:
        return changed_tree(random, text)
    found = tokens(text)
    if not found:
        return text
    at = random.randrange(len(found))
    match random.randrange(7):
        case 0:
            del found[at]
        case 1:
            found.insert(at, random.choice(found))
        case 2 | 3:
            found[at] = random.choice(_WORDS)
        case 4:
            found.insert(at, random.choice(_WORDS))
        case 5:
            other = random.randrange(len(found))
            found[at], found[other] = found[other], found[at]
        case _:
            found[at] = characters(random, found[at])
    return joined(random, found)


def characters(random: Random, token: str) -> str:
    """A token with one character changed."""
    at = random.randrange(len(token) + 1)
    new = random.choice(
        ("0", "x", "_", "-", "+", ".", "$", '"', "\\", "e", "\u00e9", "\t", "(", ")", "@", ";", "")
    )
    return token[:at] + new + token[at + random.randrange(2) :]


def changed_tree(random: Random, text: str) -> str:
    """A text of which a list is left out, doubled, or stands where another was."""
    try:
        (tree,) = parse(text)
    except ValueError:
        return text
    places = [entry for entry in lists(tree) if entry[0]]
    if not places:
        return text
    path, node = random.choice(places)
    _, other = random.choice(places)
    new = random.choice(([], [node, node], [other], [node, other], list(node)))
    return write(replaced(tree, path, [part for part in new if part != []]))


def joined(random: Random, words: list[str]) -> str:
    """Tokens with as little or as much space between them as may be."""
    if random.random() < 0.7:
        return " ".join(words)
    parts: list[str] = []
    for word in words:
        glued = word in ("(", ")") or (parts and parts[-1][-1:] in ("(", ")"))
        space = (
            ""
            if glued and random.random() < 0.5
            else random.choice((" ", "\n", "\t", " (;;) ", "  "))
        )
        parts.append(space + word)
    return "".join(parts)


def generate(random: Random) -> Program:
    """A text of another generator with changes."""
    from fuzz.generators import generator

    base = generator(random.choice(BASES))(random)
    while not isinstance(base.source, str) or "legacy-exceptions" in base.features:
        base = generator(random.choice(BASES))(random)
    text = base.source
    for _ in range(random.choice((0, 1, 1, 1, 1, 2))):
        text = changed(random, text)
    return replace(base, source=text, kind="text", lowered=False)
