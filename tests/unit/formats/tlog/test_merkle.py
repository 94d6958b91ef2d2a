"""The tree against the vectors of certificate-transparency, and against RFC 6962 section 2.1 word for word."""

import hashlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.tlog.merkle import (
    EMPTY_ROOT,
    CompactRange,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

CT_LEAVES = [
    leaf_hash(bytes.fromhex(value))
    for value in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    bytes.fromhex(value)
    for value in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
CT_INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (0, 1): [],
}
CT_CONSISTENCY = {
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (1, 1): [],
}
LEAVES = [leaf_hash(number.to_bytes(2, "big")) for number in range(70)]
SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 70]


def naive_split(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, MTH."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = naive_split(len(leaves))
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, PATH."""
    if len(leaves) == 1:
        return []
    k = naive_split(len(leaves))
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(old: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """RFC 6962 section 2.1.2, SUBPROOF."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = naive_split(len(leaves))
    if old <= k:
        return [*naive_subproof(old, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], whole=False), naive_root(leaves[:k])]


def complete_only(leaves: Sequence[bytes]) -> Callable[[int, int], bytes]:
    def get_hash(level: int, index: int) -> bytes:
        start, stop = index << level, (index + 1) << level
        assert stop <= len(leaves), "only complete subtrees may be asked for"
        return naive_root(leaves[start:stop])

    return get_hash


def flipped(value: bytes) -> bytes:
    return value[:-1] + bytes([value[-1] ^ 1])


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT == CT_ROOTS[0] == CompactRange().root() == root_of([])


def test_leaves_and_nodes_are_told_apart() -> None:
    left, right = LEAVES[:2]
    assert node_hash(left, right) != leaf_hash(left + right)
    assert node_hash(left, right) != node_hash(right, left)


@pytest.mark.parametrize("size", range(9))
def test_the_known_roots(size: int) -> None:
    tree = CompactRange()
    for leaf in CT_LEAVES[:size]:
        tree.append(leaf)
    assert tree.size == size
    assert tree.root() == root_of(CT_LEAVES[:size]) == CT_ROOTS[size]


@pytest.mark.parametrize(("index", "size"), CT_INCLUSION)
def test_the_known_inclusion_proofs(index: int, size: int) -> None:
    proof = inclusion_proof(index, size, complete_only(CT_LEAVES[:size]))
    assert [value.hex() for value in proof] == CT_INCLUSION[index, size]
    verify_inclusion(CT_LEAVES[index], index, size, proof, CT_ROOTS[size])


@pytest.mark.parametrize(("old", "new"), CT_CONSISTENCY)
def test_the_known_consistency_proofs(old: int, new: int) -> None:
    proof = consistency_proof(old, new, complete_only(CT_LEAVES[:new]))
    assert [value.hex() for value in proof] == CT_CONSISTENCY[old, new]
    verify_consistency(old, CT_ROOTS[old], new, CT_ROOTS[new], proof)


def test_the_root_after_every_append_is_that_of_the_definition() -> None:
    tree = CompactRange()
    for count, leaf in enumerate(LEAVES, 1):
        tree.append(leaf)
        assert tree.root() == naive_root(LEAVES[:count])
        assert len(tree.hashes) == count.bit_count()


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_proofs_are_those_of_the_definition_and_hold(size: int) -> None:
    get_hash = complete_only(LEAVES[:size])
    root = naive_root(LEAVES[:size])
    for index in range(size):
        proof = inclusion_proof(index, size, get_hash)
        assert list(proof) == naive_path(index, LEAVES[:size])
        verify_inclusion(LEAVES[index], index, size, proof, root)


@pytest.mark.parametrize("new", SIZES)
def test_consistency_proofs_are_those_of_the_definition_and_hold(new: int) -> None:
    get_hash = complete_only(LEAVES[:new])
    new_root = naive_root(LEAVES[:new])
    for old in range(1, new + 1):
        proof = consistency_proof(old, new, get_hash)
        assert list(proof) == naive_subproof(old, LEAVES[:new], whole=True)
        verify_consistency(old, naive_root(LEAVES[:old]), new, new_root, proof)


@given(size=st.integers(1, 70), data=st.data())
def test_a_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    root = naive_root(LEAVES[:size])
    proof = list(inclusion_proof(index, size, complete_only(LEAVES[:size])))
    wrong: list[tuple[bytes, int, int, list[bytes], bytes]] = [
        (flipped(LEAVES[index]), index, size, proof, root),
        (LEAVES[index], index, size, proof, flipped(root)),
        (LEAVES[index], index, size, [*proof, root], root),
        (LEAVES[index], index, size, [EMPTY_ROOT, *proof], root),
        (LEAVES[index], size, size, proof, root),
        (LEAVES[index], -1, size, proof, root),
        (LEAVES[index], index, 0, proof, root),
        (LEAVES[index][:-1], index, size, proof, root),
        (LEAVES[index], index, size, proof, root[:-1]),
    ]
    wrong += [(LEAVES[index], other, size, proof, root) for other in range(size) if other != index]
    for place in range(len(proof)):
        wrong.append((LEAVES[index], index, size, [*proof[:place], *proof[place + 1 :]], root))
        for bad in (flipped(proof[place]), proof[place][:-1], b""):
            wrong.append((LEAVES[index], index, size, [*proof[:place], bad, *proof[place + 1 :]], root))
    for case in wrong:
        with pytest.raises(FormatError):
            verify_inclusion(*case)


@given(new=st.integers(1, 70), data=st.data())
def test_a_changed_consistency_proof_is_refused(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    old_root, new_root = naive_root(LEAVES[:old]), naive_root(LEAVES[:new])
    proof = list(consistency_proof(old, new, complete_only(LEAVES[:new])))
    wrong: list[tuple[int, bytes, int, bytes, list[bytes]]] = [
        (old, flipped(old_root), new, new_root, proof),
        (old, old_root, new, flipped(new_root), proof),
        (old, old_root, new, new_root, [*proof, new_root]),
        (old, old_root, new, new_root, [new_root, *proof]),
        (new + 1, new_root, new, new_root, proof),
        (-1, old_root, new, new_root, proof),
        (0, old_root, new, new_root, proof),
    ]
    if old != new:
        wrong += [(new, old_root, new, new_root, proof), (old, old_root, old, new_root, proof)]
    for place in range(len(proof)):
        wrong.append((old, old_root, new, new_root, [*proof[:place], *proof[place + 1 :]]))
        for bad in (flipped(proof[place]), proof[place][:-1], b""):
            wrong.append((old, old_root, new, new_root, [*proof[:place], bad, *proof[place + 1 :]]))
    for case in wrong:
        with pytest.raises(FormatError):
            verify_consistency(*case)


def test_every_tree_begins_with_the_empty_one() -> None:
    root = naive_root(LEAVES[:7])
    assert consistency_proof(0, 7, complete_only(LEAVES[:7])) == ()
    verify_consistency(0, EMPTY_ROOT, 7, root, ())
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, ())
    with pytest.raises(FormatError, match="too long"):
        verify_consistency(0, EMPTY_ROOT, 7, root, [root])
    with pytest.raises(FormatError, match="hash of nothing"):
        verify_consistency(0, root, 7, root, ())


@pytest.mark.parametrize("old", [1, 2, 3, 4])
def test_no_proof_is_no_proof_of_growth(old: int) -> None:
    with pytest.raises(FormatError, match="too short"):
        verify_consistency(old, naive_root(LEAVES[:old]), 7, naive_root(LEAVES[:7]), ())


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3), (0, -1)])
def test_no_inclusion_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(FormatError, match="no leaf"):
        inclusion_proof(index, size, complete_only(LEAVES))


@pytest.mark.parametrize(("old", "new"), [(4, 3), (-1, 3), (-2, -1)])
def test_no_consistency_proof_of_a_tree_that_shrinks(old: int, new: int) -> None:
    with pytest.raises(FormatError, match="no consistency"):
        consistency_proof(old, new, complete_only(LEAVES))


def test_a_source_of_hashes_that_gives_none_is_refused() -> None:
    with pytest.raises(FormatError, match="0 bytes"):
        inclusion_proof(0, 2, lambda _level, _index: b"")


@pytest.mark.parametrize("size", SIZES)
def test_a_tree_held_as_its_subtrees_grows_on_as_before(size: int) -> None:
    before = CompactRange()
    for leaf in LEAVES[:size]:
        before.append(leaf)
    again = CompactRange.of(before.size, before.hashes)
    assert (again.size, again.root()) == (size, before.root())
    again.append(LEAVES[0])
    assert again.root() == naive_root([*LEAVES[:size], LEAVES[0]])
    assert before.size == size, "the trees share nothing that grows"


@pytest.mark.parametrize(
    ("size", "hashes"), [(-1, []), (0, [EMPTY_ROOT]), (3, [EMPTY_ROOT]), (1, []), (1, [EMPTY_ROOT[:-1]])]
)
def test_subtrees_that_are_not_those_of_the_size_are_refused(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(FormatError):
        CompactRange.of(size, hashes)


def test_what_is_no_hash_is_not_appended() -> None:
    tree = CompactRange()
    tree.append(LEAVES[0])
    with pytest.raises(FormatError, match="5 bytes"):
        tree.append(b"entry")
    assert (tree.size, tree.root()) == (1, LEAVES[0])


def test_proofs_in_a_tree_of_the_largest_size_are_short() -> None:
    size = 2**63 - 1
    asked: list[tuple[int, int]] = []

    def get_hash(level: int, index: int) -> bytes:
        asked.append((level, index))
        return EMPTY_ROOT

    assert len(inclusion_proof(size - 1, size, get_hash)) == 62
    assert len(consistency_proof(2**62 + 1, size, get_hash)) <= 64
    assert len(asked) < 64 * 64
    assert all((index + 1) << level <= size for level, index in asked)
