"""An attrs class that is made of settings: its keys, their types, and cattrs to make it.

cattrs generates the functions of the classes; each hook below refuses what it would convert
(``int("7")``), and passes on where a setting stands.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar, cast

import attrs
from cattrs import Converter
from cattrs.disambiguators import create_default_dis_func
from cattrs.gen import (  # its list of `Attribute` does not say of what
    make_dict_structure_fn_from_attrs,  # pyright: ignore[reportUnknownVariableType]
    override,
)

from .._errors import ConfigurationError
from .._util import type_name
from ._builtins import is_json_object
from ._setting import Path, SettingMissing, SettingRefused, dotted
from ._setting_defaults import Kept, Over, base_of, laid_over
from ._setting_hooks import (
    Hook,
    array_hook,
    choice_hook,
    fixed_hook,
    inside,
    scalar_hook,
    shown,
    table_hook,
    union_hook,
)
from ._setting_kinds import example, inner_class, is_scalar, kinds_of, members_of
from ._setting_names import nearest, refuse_unknown, variable_name
from ._setting_texts import value_of
from ._types import (
    Fields,
    TypeLike,
    Unsupported,
    class_of,
    fields_of,
    is_array,
    is_attrs,
    is_dict,
    is_enum,
    is_literal,
    is_plain,
    is_union,
    strip,
)

T = TypeVar("T")

_TABLE: Final = "write a table of keys"


class SettingsClass(Generic[T]):
    """What is known of an attrs class whose fields are settings."""

    def __init__(self, cls: type[T]) -> None:
        """Look at a class and all that is in it.

        Args:
            cls: The class.

        Raises:
            ConfigurationError: It is no attrs class, or a field of it can be no setting.
        """
        if not is_attrs(cls):
            raise ConfigurationError(
                "settings",
                f"{type_name(cls)!r} is no attrs class",
                "decorate it with @attrs.frozen",
            )
        self.cls = cls
        self._hooks: dict[TypeLike, Hook | None] = {}
        self._at: list[str] = [type_name(cls)]
        self._converter = Converter(forbid_extra_keys=True, detailed_validation=False)
        self._register()
        try:
            self._hook = self._hook_of(cls)
        except Unsupported as refusal:
            raise ConfigurationError(".".join(self._at), refusal.problem, refusal.cure) from None

    def make(self, table: Mapping[str, object]) -> T:
        """Make the class of plain tables, arrays and scalars.

        Args:
            table: What is given; the rest are the defaults of the class.

        Returns:
            The instance.

        Raises:
            SettingRefused: It cannot be made of them; the path says where.
        """
        return cast("T", self._hook(dict(table), self.cls))

    def path_of_variable(self, variable: str, prefix: str) -> Path:
        """Return the path that a variable names: ``TRIOHARNESS_STORE__PORT``.

        Raises:
            SettingRefused: There is no such setting.
        """
        form: TypeLike | None = self.cls
        steps: list[str | int] = []
        before, name = prefix, variable.removeprefix(prefix)
        while form is not None:
            fields = {variable_name(key): (key, field) for key, field in _keys(form).items()}
            heads = [each for each in fields if name == each or name.startswith(f"{each}__")]
            if not heads:
                head, *rest = name.split("__", 1)
                pattern = "__".join([before + "{}", *map(variable_name, rest)])
                raise nearest(head, list(fields), tuple(steps), pattern=pattern)
            head = max(heads, key=len)
            key, field = fields[head]
            steps.append(key)
            name = name.removeprefix(head).removeprefix("__")
            before += f"{head}__"
            if not name:
                return tuple(steps)
            form = inner_class(field.type)
        raise _no_settings_inside(tuple(steps))

    def type_at(self, path: Path) -> TypeLike:
        """Return the type of what is at a path.

        Raises:
            SettingRefused: There is no such setting; its path is the part that there is.
        """
        found: TypeLike = self.cls
        for depth, key in enumerate(path):
            inner = inner_class(found)
            tables = [member for member in members_of(found) if is_dict(member)]
            if inner is not None and key in (fields := _keys(inner)):
                found = fields[str(key)].type
            elif inner is not None and not tables:
                raise nearest(str(key), list(_keys(inner)), path[:depth])
            elif tables:
                found = typing.get_args(tables[0])[1]
            else:
                raise _no_settings_inside(path[:depth])
        return found

    def read_text(self, path: Path, text: str) -> object:
        """Return what the text of a variable or a flag says, as TOML would have it.

        Raises:
            SettingRefused: There is no setting at the path, or it cannot be made of that text.
        """
        return value_of(self.type_at(path), text)

    def is_nested(self, path: Path) -> bool:
        """Whether what is at a path is an attrs class, whose settings can be given one by one."""
        try:
            return inner_class(self.type_at(path)) is not None
        except SettingRefused:
            return False

    # --- the hooks --------------------------------------------------------------------------------

    def _register(self) -> None:
        shapes: tuple[tuple[Callable[[TypeLike], bool], Callable[[TypeLike], Hook]], ...] = (
            # What is registered last is asked first: whatever nobody knows is refused.
            (lambda _: True, self._unknown_hook),
            (is_attrs, self._class_hook),
            (is_array, self._array_hook),
            (is_dict, self._dict_hook),
            (is_literal, choice_hook),
            (is_plain, lambda _: _as_it_is),
            (is_union, self._union_hook),
        )
        for predicate, maker in shapes:
            self._converter.register_structure_hook_factory(predicate, maker)

    def _hook_of(self, found: TypeLike) -> Hook:
        bare = strip(found)
        # Not by the converter, which takes the hook of a base class where it has one.
        if is_scalar(bare):
            return scalar_hook(bare)
        return choice_hook(bare) if is_enum(bare) else self._converter.get_structure_hook(bare)

    def _unknown_hook(self, found: TypeLike) -> Hook:
        kinds_of(found)  # which refuses it
        raise AssertionError(found)  # pragma: no cover - it has been

    def _array_hook(self, found: TypeLike) -> Hook:
        origin, args = class_of(found), typing.get_args(found)
        if origin is tuple and ... not in args:
            return fixed_hook(args, [self._hook_of(arg) for arg in args])
        return array_hook(origin, args[0], self._hook_of(args[0]))

    def _dict_hook(self, found: TypeLike) -> Hook:
        key, item = typing.get_args(found)
        return table_hook(key, self._hook_of(key), item, self._hook_of(item))

    def _union_hook(self, found: TypeLike) -> Hook:
        members = members_of(found)
        classes: list[Any] = [member for member in members if is_attrs(member)]
        hooks: list[tuple[TypeLike, Hook]] = [
            (member, self._hook_of(member)) for member in members if member not in classes
        ]
        if len(classes) == 1:
            hooks.append((classes[0], self._hook_of(classes[0])))
        elif classes:
            hooks.append((classes[0], self._classes_hook(classes)))
        return union_hook(found, hooks)

    def _classes_hook(self, classes: list[Any]) -> Hook:
        names = " | ".join(map(type_name, classes))
        try:
            class_for = create_default_dis_func(self._converter, *classes)
        except TypeError:
            raise Unsupported(
                f"{names} cannot be told apart",
                "give each a required field of its own, or a Literal",
            ) from None
        hooks = {form: self._hook_of(form) for form in classes}

        def read_classes(value: Any, _: object = None) -> object:
            try:
                form = class_for(value)
            except (ValueError, KeyError, TypeError):
                raise SettingRefused(f"its keys are those of none of {names}", _TABLE) from None
            return hooks[form](value, form)

        return read_classes

    def _class_hook(self, form: TypeLike) -> Hook:
        def read_later(value: object, _: object = None) -> object:
            hook = self._hooks[form]
            assert hook is not None  # it is there once it has been made
            return hook(value, form)

        if form not in self._hooks:
            self._hooks[form] = None
            self._hooks[form] = self._make_class_hook(form)
        return self._hooks[form] or read_later

    def _make_class_hook(self, form: TypeLike) -> Hook:
        cls, fields = class_of(form), fields_of(form)
        keys = _by_key(fields)
        hooks: dict[str, Any] = {  # keywords of any name, and some are other parameters' own
            field.name: override(struct_hook=self._field_hook(key, field))
            for key, field in keys.items()
        }
        made = make_dict_structure_fn_from_attrs(
            list(fields),
            cls,
            self._converter,
            {variable.__name__: object for variable in getattr(cls, "__parameters__", ())},
            _cattrs_forbid_extra_keys=True,
            _cattrs_use_alias=True,
            **hooks,
        )
        required = {key: field for key, field in keys.items() if field.default is attrs.NOTHING}
        # A class inside may have defaults for all that it needs; else it says what is missing.
        tables: dict[str, object] = {
            key: {} for key, field in required.items() if is_attrs(strip(field.type))
        }

        def read_class(value: object, _: object = None) -> object:
            if type(value) is cls:
                return value  # a flag may be one already
            if not is_json_object(value):
                raise SettingRefused(f"expected a table, not {shown(value)}", _TABLE)
            given = tables | value
            refuse_unknown(given, list(keys))
            for key, field in required.items():
                if key not in given:
                    raise SettingMissing(key, f"{key} = {example(field.type)}")
            return _validated(made, given, cls)

        return read_class

    def _field_hook(self, key: str, field: attrs.Attribute[Any]) -> Hook:
        self._at.append(key)
        hook = self._hook_of(field.type)
        self._at.pop()
        inner = inner_class(field.type)

        def read_field(value: object, _: object = None) -> object:
            if isinstance(value, Kept):
                return value.value
            table, base = value, base_of(field)
            if isinstance(value, Over):
                table, base = value.table, value.base
            if inner is not None and type(base) is class_of(inner) and is_json_object(table):
                table = laid_over(table, base, _keys(inner))
            return inside(key, hook, table, field.type)

        return read_field


def _no_settings_inside(path: Path) -> SettingRefused:
    whole = dotted(path)
    return SettingRefused(f"{whole!r} has no settings inside", "set it as a whole", path)


def _as_it_is(value: object, _: object = None) -> object:
    return value


def _by_key(fields: Fields) -> dict[str, attrs.Attribute[Any]]:
    return {field.alias or field.name: field for field in fields}


def _keys(form: TypeLike) -> dict[str, attrs.Attribute[Any]]:
    return _by_key(fields_of(form))


def _validated(made: Callable[..., object], table: Mapping[str, object], cls: type) -> object:
    """Call what makes a class; an error of a validator or a converter is one of its setting."""
    try:
        return made(table, cls)
    except SettingRefused:
        raise
    except Exception as error:
        field = next(_fields_in(error, cls), None)
        path = () if field is None else (field.alias or field.name,)
        # attrs' own validators put the attribute, the type and the value behind their sentence.
        text = error.args[0] if error.args and isinstance(error.args[0], str) else str(error)
        cure = f"give one that {cls.__name__!r} takes"
        raise SettingRefused(text[:200] or type(error).__name__, cure, path) from error


def _fields_in(error: Exception, cls: type[Any]) -> Iterator[attrs.Attribute[Any]]:
    """Yield the fields that the functions which raised `error` had to do with.

    attrs does not say, but a validator is called with the attribute.
    """
    fields = {field.name: field for field in attrs.fields(cls)}
    trace = error.__traceback__
    while trace is not None:
        for local in trace.tb_frame.f_locals.values():
            if isinstance(local, attrs.Attribute) and local.name in fields:
                yield fields[local.name]
        trace = trace.tb_next
