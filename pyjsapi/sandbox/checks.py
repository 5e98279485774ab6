"""What a sandbox is given is looked at before anything is done with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyjsapi.syntax.spelling import advice


def check_options(maker: str, given: Mapping[str, object], known: Iterable[str]) -> None:
    """Raise `TypeError` for a keyword that there is not: a misspelt limit would be none."""
    known = sorted(known)
    for name in given:
        if name not in known:
            raise TypeError(f"{maker}() has no keyword {name!r}; {advice(name, known)}")
    _check_counts(maker, given)


def check_text(what: str, value: object) -> None:
    """Raise `TypeError` for what is no ``str``, `ValueError` for one that UTF-8 cannot say."""
    if not isinstance(value, str):
        raise TypeError(f"{what} must be a str, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        place = error.start
        raise ValueError(
            f"{what} has half of a surrogate pair at {place}: UTF-8 has none"
        ) from None


def _check_counts(maker: str, given: Mapping[str, object]) -> None:
    for name in _COUNTS:
        value = given.get(name)
        if value is None and (name not in given or name not in _ALWAYS):
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{maker}(): {name} must be an int, not {type(value).__name__}")
        if value < 0:
            raise ValueError(f"{maker}(): {name} must not be negative, it is {value}")


_COUNTS = (
    "fuel",
    "max_host_calls",
    "max_memory_bytes",
    "max_output_bytes",
    "max_written_bytes",
    "max_created_files",
)
_ALWAYS = ("max_output_bytes",)
"""There is no way to be without these."""
