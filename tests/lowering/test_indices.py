"""New indices of functions."""

from __future__ import annotations

from pyjsapi.lowering.indices import Numbering


def test_without_more_imports_every_function_keeps_its_index() -> None:
    numbering = Numbering(2, 2, 3, {})
    assert not numbering.changes
    assert [numbering(index) for index in range(5)] == [0, 1, 2, 3, 4]
    assert all(numbering.shows(index) for index in range(5))


def test_more_imports_move_the_definitions() -> None:
    numbering = Numbering(2, 4, 3, {})
    assert numbering.changes
    assert [numbering(index) for index in range(5)] == [0, 1, 4, 5, 6]
    assert [numbering.shows(index) for index in range(5)] == [True, True, False, False, False]


def test_what_moves_to_a_helper_has_the_index_of_its_import() -> None:
    numbering = Numbering(1, 2, 3, {1: 1})
    assert [numbering(index) for index in range(4)] == [0, 2, 1, 3]


def test_what_moves_to_a_helper_shows_another_index_even_where_it_has_the_same() -> None:
    numbering = Numbering(0, 1, 1, {0: 0})
    assert numbering.changes
    assert numbering(0) == 0
    assert not numbering.shows(0)
