"""Where messages go, as data: rules that can be checked, drawn and asked without a channel."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, cast, get_args

import attrs
from typing_extensions import TypeForm

from .._errors import ConfigurationError, NoRoute
from .._util import callable_name
from ._types import TypeCheck

Match: TypeAlias = Literal["first", "all"]
Otherwise: TypeAlias = Literal["error", "dead", "drop"]

MATCHES: tuple[Match, ...] = get_args(Match)
OTHERWISES: tuple[Otherwise, ...] = get_args(Otherwise)

DEAD = "dead"
"""The name of the end for dead letters."""


def _table(given: Mapping[Hashable, str]) -> Mapping[Hashable, str]:
    return MappingProxyType(dict(given))


def _tuple(given: Iterable[Rule | KeyRule]) -> tuple[Rule | KeyRule, ...]:
    return tuple(given)


@attrs.frozen
class Rule:
    """One rule: messages like this go there."""

    to: str
    """The name of the end, as `route` is given it."""
    when: Callable[[Any], object] | TypeForm[Any] | None = None
    """A type, or a union of types, for messages of that type; a function that says yes or no to a
    message; or None (default) for every message."""
    _matches: Callable[[Any], object] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_matches", _matcher(self))

    def matches(self, message: object) -> bool:
        """Say whether a message is to go there.

        Args:
            message: The message, of any type.

        Raises:
            Exception: Whatever the function of the rule raises.
        """
        return bool(self._matches(message))

    def targets(self, message: object) -> tuple[str, ...]:
        """Return the names of the ends that a message is to go to: one or none.

        Args:
            message: The message, of any type.

        Raises:
            Exception: Whatever the function of the rule raises.
        """
        return (self.to,) if self._matches(message) else ()

    @property
    def names(self) -> tuple[str, ...]:
        """All ends that it may lead to."""
        return (self.to,)

    def __str__(self) -> str:
        when = "everything" if self.when is None else _name_of(self.when)
        return f"{when} -> {self.to}"


@attrs.frozen
class KeyRule:
    """A table of rules: what a message has as its key says where it goes."""

    key: Callable[[Any], Hashable]
    """Returns the key of a message: ``operator.attrgetter("region")``, say."""
    to: Mapping[Hashable, str] = attrs.field(converter=_table, hash=False)
    """The name of the end by key; a key that is not in it matches nothing."""

    def __attrs_post_init__(self) -> None:
        if not callable(self.key):
            raise ConfigurationError(
                "KeyRule", f"key={self.key!r} is not callable", "give a function of a message"
            )
        for name in self.to.values():
            _check_name(name)

    def targets(self, message: object) -> tuple[str, ...]:
        """Return the names of the ends that a message is to go to: one or none.

        Args:
            message: The message, of any type.

        Raises:
            Exception: Whatever the function of the rule raises.
        """
        name = self.to.get(self.key(message))
        return () if name is None else (name,)

    @property
    def names(self) -> tuple[str, ...]:
        """All ends that it may lead to."""
        return tuple(dict.fromkeys(self.to.values()))

    def __str__(self) -> str:
        table = ", ".join(f"{key!r} -> {name}" for key, name in self.to.items())
        return f"by {_name_of(self.key)}: {table}"


@attrs.frozen
class Routing:
    """All rules of one router, in order; asked by `route`, and by whoever wants to check them.

    Example::

        rules = th.Routing(
            [th.Rule("orders", Order), th.Rule("large", lambda message: message.size > 100)],
            match="all",
            otherwise="drop",
        )
        assert rules.targets(Order(size=200)) == ("orders", "large")
        print(rules)
    """

    rules: tuple[Rule | KeyRule, ...] = attrs.field(converter=_tuple)
    match: Match = "first"
    """Whether a message goes where the first rule says that matches (default), or all of them; to
    each end once."""
    otherwise: Otherwise = "error"
    """What becomes of a message that no rule matches: it is an ``"error"`` (default), is sent as a
    `DeadLetter` to the end of the name ``"dead"``, or is dropped and counted (``"drop"``)."""

    def __attrs_post_init__(self) -> None:
        for rule in self.rules:
            if not isinstance(rule, Rule | KeyRule):
                raise ConfigurationError("Routing", f"{rule!r} is no rule", "give Rule or KeyRule")
        if not self.rules:
            raise ConfigurationError("Routing", "it has no rules", "give one, Rule('name') say")
        for word, given, known in (
            ("match", self.match, MATCHES),
            ("otherwise", self.otherwise, OTHERWISES),
        ):
            if given not in known:
                raise ConfigurationError(
                    "Routing",
                    f"{word}={given!r} is not known",
                    f"choose one of {', '.join(map(repr, known))}",
                )

    @property
    def names(self) -> tuple[str, ...]:
        """All ends that a message may go to, each once, in the order of the rules."""
        last = (DEAD,) if self.otherwise == "dead" else ()
        return tuple(dict.fromkeys([*(n for rule in self.rules for n in rule.names), *last]))

    def targets(self, message: object) -> tuple[str, ...]:
        """Return the names of the ends that a message goes to; none if no rule matches.

        Args:
            message: The message, of any type.

        Raises:
            Exception: Whatever the function of a rule raises.
        """
        if self.match == "first":
            return next(filter(None, (rule.targets(message) for rule in self.rules)), ())
        found = (name for rule in self.rules for name in rule.targets(message))
        return tuple(dict.fromkeys(found))

    def check(self, names: Iterable[str]) -> None:
        """Refuse ends that do not fit the rules.

        Args:
            names: Those of the ends there are.

        Raises:
            ConfigurationError: A rule leads to none of them, or no rule leads to one of them.
        """
        given = [*names]
        missing = [name for name in self.names if name not in given]
        unused = [name for name in given if name not in self.names]
        if missing:
            raise ConfigurationError(
                "route",
                f"the rules lead to {', '.join(map(repr, missing))}, and there is no such end",
                f"give route {missing[0]}=, a send end",
            )
        if unused:
            raise ConfigurationError(
                "route",
                f"no rule leads to {', '.join(map(repr, unused))}",
                f"drop {unused[0]}=, or write a Rule for it",
            )

    def no_route(self, message: object) -> NoRoute:
        """Return the error for a message that no rule matches.

        Args:
            message: The message, which it shows by its `repr`.
        """
        return NoRoute(repr(message), str(self))

    def __str__(self) -> str:
        how = "the first that matches" if self.match == "first" else "all that match"
        lines = [f"{how}, otherwise {self.otherwise}", *map(str, self.rules)]
        return "; ".join(lines)


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.isidentifier():
        raise ConfigurationError(
            f"rule to {name!r}",
            "that is no name of an end",
            "write a word, like orders",
        )


def _matcher(rule: Rule) -> Callable[[Any], object]:
    """Return what says yes or no to a message.

    Raises:
        ConfigurationError: The rule is none.
    """
    _check_name(rule.to)
    when: Any = rule.when
    if when is None:
        return _always
    if not _is_type(when):
        return cast("Callable[[Any], object]", when)
    return TypeCheck(when).accepts


def _always(_: object) -> bool:
    return True


def _name_of(when: Any) -> str:
    """Return a type or a function as people write it."""
    return TypeCheck(when).label if _is_type(when) else callable_name(when)


def _is_type(when: object) -> bool:
    return isinstance(when, type) or hasattr(when, "__origin__") or not callable(when)
