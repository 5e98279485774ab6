"""What all compilation takes: one value, made of the keywords that users give."""

from __future__ import annotations

from collections.abc import Mapping
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

    features: Features | Mapping[str, bool] | None
    limits: Limits | Mapping[str, float | None] | None


def settings_of(given: Restrictions, what: str) -> Settings:
    """The settings for keywords, each of its class or a mapping of that one's fields.

    Raises `TypeError` for a name that is none, or a value of another type.
    """
    if not given:
        return DEFAULT_SETTINGS
    chosen: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        if name not in _CLASSES:
            from pyjsapi.syntax.spelling import advice

            known = ("builtins", "importedStringConstants", *_CLASSES)
            raise TypeError(f"{what}: unexpected keyword {name!r}; {advice(name, known)}")
        class_ = _CLASSES[name]
        chosen[name] = value if isinstance(value, class_) else _read(class_, value, what, name)
    return Settings(**chosen) if chosen else DEFAULT_SETTINGS


_CLASSES: Final[dict[str, type]] = {
    one.name: type(getattr(DEFAULT_SETTINGS, one.name)) for one in fields(Settings)
}


def _read(class_: type, value: object, what: str, name: str) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError(
            f"{what}: {name} must be a {class_.__name__} or a mapping, not {type(value).__name__}"
        )
    known = [one.name for one in fields(class_)]
    for member in value:
        if member not in known:
            from pyjsapi.syntax.spelling import advice

            raise TypeError(f"{what}: {name} has no member {member!r}; {advice(member, known)}")
    try:
        return class_(**value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what}: {error}") from None
