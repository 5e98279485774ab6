"""The text format as a tree of tokens, for programs that take texts apart: shrinking, mutating."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

Tree: TypeAlias = "str | list[Tree]"
Path: TypeAlias = tuple[int, ...]
"""Indices from the root to a list."""

_TOKEN: Final = re.compile(
    r""";;[^\n]*|\(;.*?;\)|"(?:[^"\\]|\\.)*"|[()]|[^\s()";]+|\s+|.""", re.DOTALL
)


def tokens(text: str) -> list[str]:
    """The tokens of a text without comments and white space."""
    return [t for t in _TOKEN.findall(text) if not t.isspace() and t[:2] not in (";;", "(;")]


def parse(text: str) -> list[Tree]:
    """The expressions of a text. Raises `ValueError` where parentheses do not match."""
    stack: list[list[Tree]] = [[]]
    for token in tokens(text):
        if token == "(":
            stack.append([])
        elif token == ")":
            if len(stack) == 1:
                raise ValueError("a closing parenthesis too many")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    if len(stack) != 1:
        raise ValueError("a closing parenthesis is missing")
    return stack[0]


def write(tree: Tree) -> str:
    """The text of a tree."""
    return tree if isinstance(tree, str) else f"({' '.join(map(write, tree))})"


def size(tree: Tree) -> int:
    """How many tokens a tree has."""
    return 1 if isinstance(tree, str) else 1 + sum(map(size, tree))


def lists(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, list[Tree]]]:
    """Every list of a tree, itself included, outer ones first."""
    if isinstance(tree, list):
        yield path, tree
        for k, child in enumerate(tree):
            yield from lists(child, (*path, k))


def replaced(tree: Tree, path: Path, new: list[Tree]) -> Tree:
    """A copy of a tree in which what is at a path is replaced by any number of others."""
    if not path:
        if len(new) != 1:
            raise ValueError("the root is one expression")
        return new[0]
    if isinstance(tree, str):
        raise ValueError("there is nothing inside of a token")
    first, rest = path[0], path[1:]
    inner = [replaced(tree[first], rest, new)] if rest else new
    return [*tree[:first], *inner, *tree[first + 1 :]]
