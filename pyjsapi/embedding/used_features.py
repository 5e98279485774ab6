"""Which features of the language a module cannot do without."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from pyjsapi.binary.decoder import decode_module
from pyjsapi.embedding.settings import DEFAULT_SETTINGS, Settings
from pyjsapi.embedding.valid_module import valid_module
from pyjsapi.syntax.errors import DecodeError, FeatureError
from pyjsapi.syntax.features import Features

_FIELDS: Final = [one.name for one in fields(Features)]


def features_used(data: bytes) -> list[str]:
    """The features that a valid module cannot do without, found by leaving them off."""
    used = {name for name in _FIELDS if not _decodes(data, Features(**{name: False}))}
    while True:
        features = Features(**{name: name in used for name in _FIELDS})
        try:
            valid_module(data, Settings(features, DEFAULT_SETTINGS.limits))
        except FeatureError as error:
            used.add(error.feature)
        else:
            return [name for name in _FIELDS if getattr(features, name)]


def _decodes(data: bytes, features: Features) -> bool:
    try:
        decode_module(data, features)
    except DecodeError:
        return False
    return True
