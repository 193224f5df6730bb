"""JSON Schema, draft 2020-12, of what a codec writes as JSON."""

from __future__ import annotations

import datetime
import decimal
import typing
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Final, TypeAlias

import attrs

from .._util import type_name
from ._entries import Entry
from ._hook import HooksByType
from ._message import message_info
from ._types import (
    TypeLike,
    class_of,
    fields_of,
    is_array,
    is_attrs,
    is_dict,
    is_enum,
    is_literal,
    is_plain,
    is_union,
    kinds,
    strip,
)

Schema: TypeAlias = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_LEAVES: Final[Mapping[TypeLike, Schema]] = {
    NoneType: {"type": "null"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime.datetime: {"type": "string", "format": "date-time"},
    datetime.date: {"type": "string", "format": "date"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    decimal.Decimal: {"type": "string", "pattern": r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"},
    bytes: {"type": "string", "contentEncoding": "base64"},
}
"""The scalars; those that are not in it are plain strings."""
_INT_KEY: Final = r"^(0|-?[1-9]\d*)$"


def schema_of(entry: Entry, hooks: HooksByType, *, extra_allowed: bool) -> Schema:
    """Return the schema of a message in its envelope, complete in itself."""
    schemas = _Schemas(hooks, extra_allowed=extra_allowed)
    wrapped = _wrapped(entry.name, entry.version, schemas.of(entry.form))
    defs = {"$defs": schemas.defs} if schemas.defs else {}
    return {"$schema": _DIALECT, "title": entry.name, **wrapped, **defs}


def _wrapped(name: str, version: int, payload: Schema) -> Schema:
    properties = {"type": {"const": name}, "version": {"const": version}, "data": payload}
    return _closed(properties, list(properties), extra_allowed=False)


def _closed(properties: Schema, required: list[str], *, extra_allowed: bool) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "required": required}
    return schema if extra_allowed else {**schema, "additionalProperties": False}


class _Schemas:
    """The schemas of one document; each attrs class has one of its own, to which others refer."""

    def __init__(self, hooks: HooksByType, *, extra_allowed: bool) -> None:
        self._hooks = hooks
        self._extra_allowed = extra_allowed
        self._names: dict[TypeLike, str] = {}
        self.defs: dict[str, Schema] = {}

    def of(self, found: TypeLike) -> Schema:
        """Return the schema of a type."""
        bare = strip(found)
        if bare in self._hooks:
            return self.of(self._hooks[bare].wire)
        if is_plain(bare):
            return {}
        shapes: tuple[tuple[Callable[[TypeLike], bool], Callable[[TypeLike], Schema]], ...] = (
            (is_attrs, self._object),
            (is_union, self._union),
            (is_dict, self._dict),
            (is_array, self._array),
            (is_enum, lambda each: {"enum": [member.value for member in _members(each)]}),
            (is_literal, lambda each: {"enum": list(typing.get_args(each))}),
        )
        for is_shape, shape in shapes:
            if is_shape(bare):
                return shape(bare)
        return dict(_LEAVES.get(bare, {"type": "string"}))

    def _object(self, form: TypeLike) -> Schema:
        if form not in self._names:
            name = self._names[form] = self._free_name(type_name(form))
            fields = fields_of(form)
            properties = {field.name: self.of(field.type) for field in fields}
            required = [field.name for field in fields if field.default is attrs.NOTHING]
            self.defs[name] = _closed(properties, required, extra_allowed=self._extra_allowed)
        return {"$ref": f"#/$defs/{_escaped(self._names[form])}"}

    def _free_name(self, name: str) -> str:
        while name in self._names.values():
            name += "'"
        return name

    def _union(self, union: TypeLike) -> Schema:
        members = [strip(member) for member in typing.get_args(union)]
        classes = [each for each in members if is_attrs(each) and each not in self._hooks]
        infos = {each: message_info(class_of(each)) for each in classes}
        schemas: list[Schema] = []
        for member in members:
            info = infos.get(member)
            schema = self.of(member)
            if info is not None and len(classes) > 1 and all(infos.values()):
                schema = _wrapped(info.name, info.version, schema)
            schemas.append(schema)
        return {"anyOf": schemas}

    def _dict(self, bare: TypeLike) -> Schema:
        key, item = typing.get_args(bare)
        schema: Schema = {"type": "object", "additionalProperties": self.of(item)}
        if "int" in kinds(key, {found: hook.wire for found, hook in self._hooks.items()}):
            return {**schema, "propertyNames": {"pattern": _INT_KEY}}
        return schema if strip(key) is str else {**schema, "propertyNames": self.of(key)}

    def _array(self, bare: TypeLike) -> Schema:
        args = typing.get_args(bare)
        if class_of(bare) is tuple and ... not in args:
            items = [self.of(arg) for arg in args]
            size = {"minItems": len(items), "maxItems": len(items)}
            return {"type": "array", **({"prefixItems": items} if items else {}), **size}
        return {"type": "array", "items": self.of(args[0])}


def _members(found: TypeLike) -> list[Any]:
    return list(class_of(found).__members__.values())


def _escaped(name: str) -> str:
    """Write a name as a part of a JSON pointer in a URI: ``Box[int]`` has characters it may not."""
    return urllib.parse.quote(name.replace("~", "~0").replace("/", "~1"), safe="~")
