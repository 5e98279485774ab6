"""What all compilation takes: one value, made of the keywords that users give."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, TypeAlias, TypedDict

from pyjsapi.syntax.features import Features
from pyjsapi.validation.limits import Limits

Plain: TypeAlias = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a module may use, and what its instances may."""

    features: Features = field(default_factory=Features)
    limits: Limits = field(default_factory=Limits)

    def plain(self) -> Plain:
        """As tuples of names and simple values, for another process; see `from_plain`."""
        return tuple(
            (name, tuple(value.items()) if isinstance(value, dict) else value)
            for name, value in asdict(self).items()
        )

    @classmethod
    def from_plain(cls, given: Plain) -> Settings:
        """The settings that `plain` was called on."""
        return cls(
            **{
                name: type(getattr(DEFAULT_SETTINGS, name))(**dict(value))
                if isinstance(value, tuple)
                else value
                for name, value in given
            }
        )


DEFAULT_SETTINGS: Final = Settings()


class Restrictions(TypedDict, total=False):
    """The keywords of whatever compiles a module; ``None`` is as good as nothing."""

    features: Features | None
    limits: Limits | None


def settings_of(given: Restrictions, what: str) -> Settings:
    """The settings for keywords. Raises `TypeError` for a keyword that is none, or a value of another class."""
    if not given:
        return DEFAULT_SETTINGS
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    known = {one.name: type(getattr(DEFAULT_SETTINGS, one.name)) for one in fields(Settings)}
    for name, value in chosen.items():
        if name not in known:
            raise TypeError(f"{what}: got an unexpected keyword argument {name!r}")
        if not isinstance(value, known[name]):
            raise TypeError(
                f"{what}: {name} must be a {known[name].__name__}, not {type(value).__name__}"
            )
    return Settings(**chosen)
