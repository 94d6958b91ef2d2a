"""Who cites whom: the cables held and the cables that they cite, held or missing.

A cable is one node, under whatever ids it is published. An edge is one citation: an entry of a list of references with
the cable that it is read to mean, the rules of that reading and whether it is certain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from preserve.replay.searching import Searchable
from preserve.store.searchindex import Citation, HeldCable


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A cable: ``id`` is its canonical id, ``held_as`` its published ids in the collections, empty where it is missing.

    ``subject``, ``sent`` and ``origin`` are those of the newest text that is held.
    """

    id: str
    held_as: tuple[str, ...]
    subject: str
    sent: str | None
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """That ``citing`` cites ``cited``, both ids of nodes, and what says so."""

    collection: str
    citing: str
    cited: str
    statement: int
    citation: Citation


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Nodes by id, and edges in the order of their citing cables."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def missing(self) -> tuple[Node, ...]:
        """The cables that are cited and not held."""
        return tuple(node for node in self.nodes if not node.held_as)


def read_graph(opened: Sequence[Searchable], key: str | None = None) -> Graph:
    """The graph of some collections; with a ``key`` that cable, what it cites and who cites it."""
    found = [(one, *said) for one in opened for said in one.index.citations(key)]
    held: dict[str, list[HeldCable]] = {}
    for one in opened:
        for name, cable in _cables(one, key, found):
            held.setdefault(name, []).append(cable)
    ids = {name: _id(cables) for name, cables in held.items()}
    for _, _, _, citation in found:
        ids.setdefault(citation.key, citation.key)
    nodes = sorted((_node(ids[name], held.get(name, [])) for name in ids), key=lambda node: node.id)
    edges = (
        Edge(collection=one.name, citing=ids[citing], cited=ids[citation.key], statement=statement, citation=citation)
        for one, citing, statement, citation in found
    )
    return Graph(nodes=tuple(nodes), edges=tuple(edges))


def _cables(
    one: Searchable, key: str | None, found: Iterable[tuple[Searchable, str, int, Citation]]
) -> Iterable[tuple[str, HeldCable]]:
    if key is None:
        return one.index.keys()
    keys = dict.fromkeys([key, *(name for _, citing, _, citation in found for name in (citing, citation.key))])
    return ((name, cable) for name in keys for cable in one.index.of_key(name))


def _id(cables: Sequence[HeldCable]) -> str:
    first = min(cables, key=lambda cable: (cable.canonical_id != cable.published_id, cable.published_id))
    return first.canonical_id or first.published_id


def _node(name: str, cables: Sequence[HeldCable]) -> Node:
    newest = max(cables, key=lambda cable: (cable.last_seen, cable.published_id), default=None)
    return Node(
        id=name,
        held_as=tuple(sorted({cable.published_id for cable in cables})),
        subject="" if newest is None else newest.subject,
        sent=None if newest is None else newest.sent,
        origin="" if newest is None else newest.origin,
    )
