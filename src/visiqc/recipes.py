"""Recipes: a frozen dataclass that decides all of a run's outcome, and its YAML."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from visiqc.errors import BadRecipe


class Recipe(Protocol):
    """A frozen dataclass whose fields decide all of a run's outcome; a field `seed` seeds it."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


R = TypeVar("R", bound=Recipe)


def read_recipe(recipe_type: type[R], path: Path, changes: Sequence[str] = ()) -> R:
    """The recipe in a YAML file, with `key=value` changes on top; `fit.epochs=3` reaches into a nested key.

    Values of changes are YAML too.

    Raises:
        BadRecipe: The file is missing or no mapping, a key is no field of the recipe, or a value does not fit.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as err:
        raise BadRecipe(f"recipe {path.name} cannot be read: {err.strerror}") from err
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise BadRecipe(f"recipe {path.name} is not YAML: {str(err).partition(chr(10))[0]}") from err
    if not isinstance(values, dict):
        raise BadRecipe(f"recipe {path.name} must be a mapping of keys to values, got {type(values).__name__}")
    for each in changes:
        values = _changed(values, *_change(each))
    return make_recipe(recipe_type, values)


def make_recipe(recipe_type: type[R], values: Mapping[str, Any]) -> R:
    """A recipe from keys and values, each checked against the dataclass; `BadRecipe` names the first wrong one."""
    _require_known(recipe_type, values)
    try:
        return TypeAdapter(recipe_type).validate_python(dict(values))
    except ValidationError as err:
        first = err.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BadRecipe(f"{recipe_type.__name__}: {key}: {first['msg']}, got {first['input']!r}") from err


def _require_known(recipe_type: type, values: Mapping[str, Any], inside: str = "") -> None:
    """Refuse keys that are no field, in nested recipes and lists of them too: pydantic drops those without a word."""
    kinds = typing.get_type_hints(recipe_type)
    fields = [field.name for field in dataclasses.fields(recipe_type)]
    for key, value in values.items():
        if key not in fields:
            known = ", ".join(f"{inside}{each}" for each in fields)
            raise BadRecipe(f"{recipe_type.__name__} has no key {f'{inside}{key}'!r}; its keys are {known}")
        _require_known_in(kinds[key], value, f"{inside}{key}.")


def _require_known_in(kind: Any, value: Any, inside: str) -> None:
    """The same under one key: a nested recipe, a list of them, or one that may be left out (`Licence | None`)."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        for each in typing.get_args(kind):
            _require_known_in(each, value, inside)
    elif typing.get_origin(kind) is tuple and isinstance(value, list | tuple):
        for number, each in enumerate(value):
            _require_known_in(typing.get_args(kind)[0], each, f"{inside}{number}.")
    elif dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        _require_known(typing.cast("type", kind), value, inside)


def _changed(values: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """The values with one key, `a.b` for a nested one, set."""
    first, dot, rest = key.partition(".")
    if not dot:
        return {**values, key: value}
    inner = values.get(first)
    return {**values, first: _changed(inner if isinstance(inner, Mapping) else {}, rest, value)}


def as_values(recipe: Recipe) -> dict[str, Any]:
    """The recipe with every key, as values that JSON and YAML know and `make_recipe` takes back."""
    values: dict[str, Any] = TypeAdapter(type(recipe)).dump_python(recipe, mode="json")
    return values


def as_yaml(recipe: Recipe) -> str:
    """The recipe with every key, as YAML that `read_recipe` reads back to an equal one."""
    return yaml.safe_dump(as_values(recipe), sort_keys=False)


def digest_of(values: Any) -> str:
    """SHA-256 of values that JSON knows, whatever the order of their keys.

    Floats count to nine significant digits: the last bits of a logarithm differ from processor to processor.
    """
    text = json.dumps(_steady(values), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _steady(value: Any) -> Any:
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: _steady(each) for key, each in value.items()}
    return [_steady(each) for each in value] if isinstance(value, list | tuple) else value


def _change(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise BadRecipe(f"--set wants key=value, got {text!r}")
    try:
        return key.strip(), yaml.safe_load(value)
    except yaml.YAMLError as err:
        raise BadRecipe(f"--set {key.strip()}: the value is not YAML, got {value!r}") from err
