"""The tree of errors, its table and its docstring say the same."""

import inspect
import re

import pytest

from qa import errors
from qa.errors import OUTCOMES, IndexUnavailableError, InputError, Outcome, QAError, outcome

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == errors.__name__
]


def descendants(cls: type[QAError]) -> set[type[QAError]]:
    return {cls}.union(*(descendants(child) for child in cls.__subclasses__()))


def tree() -> list[tuple[int, str]]:
    """(depth, name) of each line of the tree in the docstring."""
    lines = re.findall(r"^([│├└─ ]*)([A-Z]\w*Error)\b", errors.__doc__ or "", flags=re.MULTILINE)
    return [(len(branch) // 4, name) for branch, name in lines]


def test_every_class_descends_from_the_root() -> None:
    assert set(CLASSES) == {cls for cls in descendants(QAError) if cls.__module__ == errors.__name__}
    assert len(CLASSES) >= 9


def test_no_room_keeps_errors_of_its_own() -> None:
    import qa.cli
    import qa.wiring  # noqa: F401 (imports every room)

    assert {cls for cls in descendants(QAError) if cls.__module__.startswith("qa")} == set(CLASSES)


def test_the_table_is_total() -> None:
    assert OUTCOMES.keys() == set(CLASSES)


def test_codes_are_unique_and_readable() -> None:
    codes = [row.code for row in OUTCOMES.values()]
    assert len(set(codes)) == len(codes)
    assert [code for code in codes if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_outcome(cls: type[QAError]) -> None:
    assert outcome(cls("message")) == OUTCOMES[cls]
    assert isinstance(outcome(cls("message")), Outcome)
    assert OUTCOMES[cls].exit_code == (3 if issubclass(cls, IndexUnavailableError) else 2)
    assert OUTCOMES[cls].http_status // 100 == (4 if issubclass(cls, InputError) else 5)
    assert str(cls("message")) == "message"
    assert cls.__doc__


def test_the_docstring_draws_the_tree() -> None:
    drawn = tree()
    assert sorted(name for _, name in drawn) == sorted(cls.__name__ for cls in CLASSES)
    above: dict[int, str] = {}
    for depth, name in drawn:
        above[depth] = name
        cls = getattr(errors, name)
        assert cls.__base__ is (getattr(errors, above[depth - 1]) if depth else Exception)


def test_exit_codes_do_not_collide() -> None:
    codes = [errors.EXIT_ANSWERED, errors.EXIT_NO_EVIDENCE, errors.EXIT_ERROR, errors.EXIT_INDEX]
    assert [*codes, errors.EXIT_INTERRUPTED] == [0, 1, 2, 3, 130]
