"""Writes what agents return as JSON."""

import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import uuid


class Unwritable(Exception):
    """A value that JSON cannot hold."""


def _default(value):
    # Before the methods below: an enum or a path may have any.
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, decimal.Decimal, pathlib.PurePath)):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    # pydantic's models, numpy's arrays and numbers, torch's tensors.
    for method in ("model_dump", "tolist"):
        if callable(getattr(value, method, None)) and not isinstance(value, type):
            return getattr(value, method)()
    raise Unwritable(
        f"a {type(value).__module__}.{type(value).__qualname__} is in it, which JSON cannot hold: return dicts, lists, "
        "texts, numbers, True, False and None")


_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_default)


def encode(value):
    """The value as JSON in UTF-8, without line breaks.

    Raises Unwritable, with a reason.
    """
    try:
        return _encoder.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        raise Unwritable("a text in it is not Unicode: it contains half of a surrogate pair") from None
    except ValueError as e:
        if "circular" in str(e).lower():
            raise Unwritable("it contains itself") from None
        raise Unwritable("it contains NaN or infinity, which JSON cannot hold") from None
    except RecursionError:
        raise Unwritable("it is nested too deep") from None
    except TypeError as e:
        raise Unwritable(str(e)) from None
