"""The check that a feature which a module uses is switched on."""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.errors import FeatureError
from pyjsapi.syntax.features import Features

_USUAL: Final = Features()


def has_feature(features: Features, field: str) -> bool:
    """Whether the feature is on; one that `Features` has no field for is one that the engine does not have."""
    return bool(getattr(features, field, False))


def require_feature(features: Features, field: str, what: str) -> None:
    """Raise `FeatureError` when ``what`` is in a module and the feature it needs is not on."""
    if not has_feature(features, field):
        raise missing_feature(features, field, what)


def missing_feature(features: Features, field: str, what: str) -> FeatureError:
    """The error for the use of a feature that is off, or that this engine does not have."""
    why = "is switched off" if hasattr(features, field) else "this engine does not have"
    if getattr(_USUAL, field, True) is False:
        why += f" unless it is asked for: features={{{field!r}: True}}"
    error = FeatureError(f"{what} needs the feature {field}, which {why}")
    error.feature = field
    return error
