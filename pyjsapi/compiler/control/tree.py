"""From the flat instruction list of a function to a tree of structured instructions.

The list is read once, without recursion. Branches come out with the `Node` that they go to; what a node says about
itself (assigned locals, divergence, switch shape) is known when its ``end`` is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from pyjsapi.compiler.control.places import Place
from pyjsapi.syntax.instructions import BY_MNEMONIC, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import ValType

Types: TypeAlias = tuple[ValType, ...]
Item: TypeAlias = "Node | Instr"
"""An element of a sequence. Branch instructions hold nodes in place of label indices."""

FUNCTION: Final = "function"
BLOCK: Final = "block"
LOOP: Final = "loop"
IF: Final = "if"
TRY: Final = "try"

OP: Final = BY_MNEMONIC
BR: Final = OP["br"]
BR_IF: Final = OP["br_if"]
BR_TABLE: Final = OP["br_table"]
BR_ON_NULL: Final = OP["br_on_null"]
BR_ON_NON_NULL: Final = OP["br_on_non_null"]
BR_ON_CAST: Final = OP["br_on_cast"]
BR_ON_CAST_FAIL: Final = OP["br_on_cast_fail"]
BR_ON_CAST_DESC_EQ: Final = OP["br_on_cast_desc_eq"]
BR_ON_CAST_DESC_EQ_FAIL: Final = OP["br_on_cast_desc_eq_fail"]
RETURN: Final = OP["return"]
RETURN_CALL: Final = OP["return_call"]
LOCAL_GET: Final = OP["local.get"]
LOCAL_SET: Final = OP["local.set"]
LOCAL_TEE: Final = OP["local.tee"]

CONDITIONAL_BRANCHES: Final = frozenset(
    {
        BR_IF,
        BR_ON_NULL,
        BR_ON_NON_NULL,
        BR_ON_CAST,
        BR_ON_CAST_FAIL,
        BR_ON_CAST_DESC_EQ,
        BR_ON_CAST_DESC_EQ_FAIL,
    }
)
SIMPLE_BRANCHES: Final = CONDITIONAL_BRANCHES | {BR}
DIVERGING: Final = frozenset(
    {
        OP["unreachable"],
        BR,
        BR_TABLE,
        RETURN,
        RETURN_CALL,
        OP["return_call_indirect"],
        OP["return_call_ref"],
        OP["throw"],
        OP["throw_ref"],
    }
)
"""Instructions after which the rest of a sequence is dead."""

BIT_OPS: Final = frozenset(
    OP[f"{type_}.{name}"] for type_ in ("i32", "i64") for name in ("xor", "rotl", "rotr")
)
"""Instructions that are typical of hashing and ciphers."""


class Body(list["Node | Instr"]):
    """A list of items, with where they are in the flat body."""

    __slots__ = ("at", "end")

    def __init__(self) -> None:
        self.at: list[int] = []
        """Position of each item; of a structured instruction its first."""
        self.end = 0
        """Position of the ``end`` or ``else`` that closes the list."""


class Node:
    """A structured instruction, or the function itself."""

    __slots__ = (
        "assigned", "at", "body", "branches", "catches", "chain", "core", "depth", "diverges", "height", "kind",
        "needs_loop", "orelse", "params", "place", "results", "sinks", "spine", "switch_is_tree", "targets",
        "untargeted",
    )  # fmt: skip

    def __init__(self, kind: str, params: Types, results: Types, at: int) -> None:
        self.kind = kind
        self.params = params
        self.results = results
        self.at = at
        """Position in the flat body."""
        self.body = Body()
        self.orelse: Body | None = None
        self.catches: list[Catch] = []
        """Clauses of a try_table."""
        self.assigned = 0
        """Bit set of the locals assigned inside."""
        self.branches = 0
        """Number of branches that name this label."""
        self.diverges = False
        """Whether control never reaches the end (and no branch does)."""
        self.depth = 0
        """Levels of nesting inside, not counting the blocks of a switch."""
        # Switch shape: nested blocks around a br_table, see `Node.close`.
        self.core: Node | None = None
        self.targets: frozenset[Node] = frozenset()
        self.spine = 0
        self.untargeted = 0
        # What `loops` chose.
        self.needs_loop = False
        self.sinks = False
        self.chain: list[Node] | None = None
        self.switch_is_tree = False
        # State of whoever writes the node, or walks over it.
        self.height = 0
        self.place: Place | None = None
        """Where a branch to the label goes."""

    @property
    def label_types(self) -> Types:
        """Types of the operands of a branch to this label."""
        return self.params if self.kind is LOOP else self.results

    def close(self) -> None:
        """Fill in what is known once the body is complete."""
        body_diverges = sequence_diverges(self.body)
        if self.kind is LOOP:
            self.diverges = body_diverges
        elif self.kind is BLOCK:
            self.diverges = not self.branches and body_diverges
            self._find_spine()
        elif self.kind is TRY:
            self.diverges = not self.branches and body_diverges
        elif self.kind is IF:
            self.diverges = (
                not self.branches
                and body_diverges
                and self.orelse is not None
                and sequence_diverges(self.orelse)
            )
        if not self.spine:
            parts = self.body if self.orelse is None else [*self.body, *self.orelse]
            self.depth = max((1 + x.depth for x in parts if isinstance(x, Node)), default=0)

    def _find_spine(self) -> None:
        """Recognise blocks that are nested at their start around a br_table: a switch of the source language."""
        if self.params or self.results or not self.body:
            return
        first, last = self.body[0], self.body[-1]
        if isinstance(first, Node):
            core = first.core
            if core is None:
                return
            self.core = core
            self.spine = first.spine + 1
            targeted = self in core.targets
            self.untargeted = 0 if targeted else first.untargeted + 1
            rest = max((1 + x.depth for x in self.body[1:] if isinstance(x, Node)), default=0)
            self.depth = max(first.depth, rest) + (0 if targeted else 1)
        elif not isinstance(last, Node) and last[0] is BR_TABLE and self._is_prefix(self.body[:-1]):
            self.core = self
            self.targets = frozenset(last[1])
            self.spine = 1

    @staticmethod
    def _is_prefix(items: list[Item]) -> bool:
        return not any(
            isinstance(x, Node) or x[0] in CONDITIONAL_BRANCHES or x[0] in DIVERGING for x in items
        )

    def find_chain(self) -> list[Node] | None:
        """The blocks of the switch that this block is the outermost target of, innermost first."""
        if self.spine < 3 or self.untargeted or self.core is None:
            return None
        chain = [self]
        node = self
        while node is not self.core:
            node = node.body[0]  # type: ignore[assignment]
            chain.append(node)
        chain.reverse()
        return chain


def sequence_diverges(sequence: Sequence[Item]) -> bool:
    """Whether control never reaches the end of a sequence."""
    for item in sequence:
        if isinstance(item, Node):
            if item.diverges:
                return True
        elif item[0] in DIVERGING:
            return True
    return False


class Tree:
    """A function's body as a tree."""

    __slots__ = ("_nodes", "bit_ops", "root", "self_loop")

    def __init__(self, root: Node, nodes: list[Node], bit_ops: int, self_loop: Node | None) -> None:
        self.root = root
        self._nodes = nodes
        self.bit_ops = bit_ops
        """Number of instructions in `BIT_OPS`."""
        self.self_loop = self_loop
        """The loop that stands for the whole function when it tail-calls itself."""

    def dissolve(self) -> None:
        """Break the cycles between branches and their targets, so that the tree is freed at once."""
        for node in self._nodes:
            node.body = Body()
            node.orelse = node.place = None
            node.catches = []
            node.core = node.chain = None
            node.targets = frozenset()


Catch: TypeAlias = tuple[str, "int | None", Node]
"""A clause: its kind, its tag index, its label."""

_PLAIN, _SET, _OPEN, _ELSE, _END, _BRANCH, _TABLE, _BITS, _NOP, _TAIL, _TRY = range(11)
_KIND: Final[dict[Op, int]] = {
    LOCAL_SET: _SET,
    LOCAL_TEE: _SET,
    OP["block"]: _OPEN,
    OP["loop"]: _OPEN,
    OP["if"]: _OPEN,
    OP["try_table"]: _TRY,
    OP["else"]: _ELSE,
    OP["end"]: _END,
    BR_TABLE: _TABLE,
    OP["nop"]: _NOP,
    RETURN_CALL: _TAIL,
    **dict.fromkeys(SIMPLE_BRANCHES, _BRANCH),
    **dict.fromkeys(BIT_OPS, _BITS),
}
_NODE_KIND: Final = {OP["block"]: BLOCK, OP["loop"]: LOOP, OP["if"]: IF, OP["try_table"]: TRY}


def build_tree(
    body: Sequence[Instr],
    results: Types,
    locals_count: int,
    funcidx: int,
    block_types: Callable[[Any], tuple[Types, Types]],
) -> Tree:
    """The tree of a valid body. ``block_types`` resolves the immediate of a structured instruction."""
    root = Node(FUNCTION, (), results, -1)
    self_loop: Node | None = None
    nodes = [root]
    stack = [root]
    current = root.body
    bit_ops = 0
    kind_of = _KIND.get
    for position, instr in enumerate(body):
        op = instr[0]
        kind = kind_of(op, _PLAIN)
        if kind == _END:
            current.end = position
            node = stack.pop()
            node.close()
            if not stack:
                break
            outer = stack[-1]
            outer.assigned |= node.assigned
            current = outer.body if outer.orelse is None else outer.orelse
            continue
        if kind == _ELSE:
            current.end = position
            node = stack[-1]
            node.orelse = current = Body()
            continue
        if kind == _NOP:
            continue
        current.at.append(position)
        if kind == _PLAIN:
            current.append(instr)
        elif kind == _SET:
            stack[-1].assigned |= 1 << instr[1]
            current.append(instr)
        elif kind == _BITS:
            bit_ops += 1
            current.append(instr)
        elif kind in (_OPEN, _TRY):
            params, block_results = block_types(instr[1])
            node = Node(_NODE_KIND[op], params, block_results, position)
            nodes.append(node)
            if kind == _TRY:
                for clause, tagidx, label in instr[2]:
                    target = stack[-1 - label]
                    target.branches += 1
                    node.catches.append((clause, tagidx, target))
            current.append(node)
            stack.append(node)
            current = node.body
        elif kind == _BRANCH:
            target = stack[-1 - instr[1]]
            target.branches += 1
            current.append((op, target, *instr[2:]))
        elif kind == _TABLE:
            targets = [stack[-1 - label] for label in instr[1]]
            targets.append(stack[-1 - instr[2]])
            for target in targets:
                target.branches += 1
            current.append((op, targets))
        elif instr[1] == funcidx:  # a tail call of the function to itself
            if self_loop is None:
                self_loop = Node(LOOP, (), results, -1)
                nodes.append(self_loop)
            self_loop.branches += 1
            current.append((op, instr[1], self_loop))
        else:
            current.append(instr)
    if self_loop is not None:
        self_loop.body = root.body
        self_loop.assigned = (1 << locals_count) - 1
        self_loop.close()
        root.body = Body()
        root.body.append(self_loop)
        root.body.at.append(-1)
        root.body.end = self_loop.body.end
        root.close()
    return Tree(root, nodes, bit_ops, self_loop)
