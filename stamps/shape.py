"""Whether a value has a shape, and if not, where it departs from it.

The quick answer is msgspec's; the precise one is found by trying each part, never by reading the
text of an error. It refuses nothing for unknown members: those are kept and travel (records 1.1).
"""

import types
from functools import lru_cache
from typing import Annotated, Any, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UnsetType

from stamps.errors import BadRecordError
from stamps.identity import check_key, public_key_of

Shape = TypeVar("Shape")


def fit(value: object, shape: type[Shape], *, where: str) -> Shape:
    """Return the value as this shape; else BadRecordError `body.x` (type) or `limit.x` (bound)."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError:
        _explain(value, shape, where)


def check_dids(*keys: str) -> None:
    """Raise KeyRefusedError unless each is a key that libsodium accepts (records 3.2)."""
    for key in keys:
        public_key_of(key)
        check_key(key)


def _explain(value: object, shape: Any, where: str) -> NoReturn:
    """Raise BadRecordError for the first part of the value that does not fit."""
    shape = _bare(shape)
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct) and isinstance(value, dict):
        _explain_struct(value, shape, where)
    origin = get_origin(shape)
    if origin is list and isinstance(value, list):
        _explain_each(value, get_args(shape)[0], where)
    if origin is dict and isinstance(value, dict):
        _explain_each(list(value), get_args(shape)[0], where)
        _explain_each(list(value.values()), get_args(shape)[1], where)
    name = where.rpartition(".")[2]
    # the members of a container were tried above; what is left is how many there are
    fits_without_bounds = _fits(value, origin if origin in (list, dict) else shape)
    raise BadRecordError(f"{'limit' if fits_without_bounds else 'body'}.{name}", where)


def _explain_struct(value: dict[str, object], shape: type[msgspec.Struct], where: str) -> NoReturn:
    hints = _hints(shape)
    wrong = next(
        field
        for field in msgspec.structs.fields(shape)
        if (field.required and field.encode_name not in value)
        or (field.encode_name in value and not _fits(value[field.encode_name], hints[field.name]))
    )
    name = wrong.encode_name
    if name not in value:
        raise BadRecordError(f"missing.{name}", f"{where}.{name}")
    _explain(value[name], hints[wrong.name], f"{where}.{name}")


def _explain_each(members: list[object], shape: Any, where: str) -> None:
    for member in members:
        if not _fits(member, shape):
            _explain(member, shape, where)


def _fits(value: object, shape: Any) -> bool:
    try:
        msgspec.convert(value, shape)
    except msgspec.ValidationError:
        return False
    return True


def _bare(shape: Any) -> Any:
    """Return the shape without its bounds and without the choice of being absent."""
    if get_origin(shape) in (Union, types.UnionType):
        shape = next(part for part in get_args(shape) if part is not UnsetType)
    return get_args(shape)[0] if get_origin(shape) is Annotated else shape


@lru_cache(maxsize=256)
def _hints(shape: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(shape, include_extras=True)
