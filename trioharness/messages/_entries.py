"""What a codec knows of its messages, and the outside of one.

That is ``{"type": name, "version": n, "data": {...}}``.

This knows names, versions and upgrades, nothing of what is in ``data``. Used for whole messages
and, in fields that are unions of messages, for the members.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from .._errors import ConfigurationError, DuplicateNameError
from .._util import type_name
from ._builtins import is_json_object
from ._message import Upgrade, message_info, upgrades_of
from ._problems import Refused
from ._types import TypeLike, class_of, is_attrs

_KEYS = frozenset(("type", "version", "data"))


@attrs.frozen(kw_only=True)
class Entry:
    """One message type that a codec knows."""

    name: str
    version: int
    oldest: int
    """The oldest version that can be read."""
    form: TypeLike
    """The type as given: ``Order``, ``Box[int]``."""
    upgrades: tuple[Upgrade, ...]
    """From `oldest` to the present version, in order."""

    @property
    def label(self) -> str:
        """The wire name with what can be read, for errors: ``'order' (versions 1 to 3)``."""
        if self.oldest == self.version:
            return f"{self.name!r} (version {self.version})"
        return f"{self.name!r} (versions {self.oldest} to {self.version})"

    def wrap(self, payload: object) -> dict[str, object]:
        """Put the payload into its envelope."""
        return {"type": self.name, "version": self.version, "data": payload}


def entries_of(forms: Iterable[TypeLike], owner: str) -> dict[str, Entry]:
    """Return the entry of each message type, by wire name.

    Raises:
        ConfigurationError: One of them is no message, or its upgrades do not fit together.
        DuplicateNameError: Two of them have one wire name.
    """
    entries: dict[str, Entry] = {}
    for form in forms:
        entry = _entry_of(form, owner)
        other = entries.setdefault(entry.name, entry)
        if other is not entry:
            raise DuplicateNameError(
                owner,
                f"{type_name(other.form)!r} and {type_name(form)!r} both have the wire name "
                f"{entry.name!r}",
                "rename one of them, or use two codecs",
            )
    return entries


def open_envelope(value: object, entries: Mapping[str, Entry]) -> tuple[Entry, dict[str, Any]]:
    """Take a message out of its envelope, and bring an old payload up to the present version.

    Raises:
        Refused: It is no envelope, or of a message or version that is not in `entries`.
    """
    name, version, payload = _unwrapped(value)
    entry = entries.get(name)
    if entry is None:
        known = ", ".join(known.label for known in entries.values())
        raise Refused(f"unknown message; known: {known}", name, at=".type", unknown=True)
    if not entry.oldest <= version <= entry.version:
        raise Refused(_unknown_version(entry, version), version, at=".version", unknown=True)
    if version == entry.version:
        return entry, payload
    for step in entry.upgrades[version - entry.oldest :]:
        payload = _upgraded(entry, step, payload)
    return entry, payload


def _unwrapped(value: object) -> tuple[str, int, dict[str, Any]]:
    if not is_json_object(value) or value.keys() != _KEYS:
        raise Refused('expected an object with just the keys "type", "version", "data"', value)
    name, version, payload = value["type"], value["version"], value["data"]
    if type(name) is not str:
        raise Refused("expected a wire name, a string", name, at=".type")
    if type(version) is not int:
        raise Refused("expected a version, an int", version, at=".version")
    if not is_json_object(payload):
        raise Refused("expected an object of fields", payload, at=".data")
    return name, version, payload


def _unknown_version(entry: Entry, version: int) -> str:
    if version > entry.version:
        cure = "it was written by a newer program: update this one"
        return f"unknown version; known: {entry.label}; {cure}"
    name = class_of(entry.form).__name__
    return f"unknown version; known: {entry.label}; older ones need @upgrade({name}, version=...)"


def _upgraded(entry: Entry, step: Upgrade, payload: dict[str, Any]) -> dict[str, Any]:
    where = f"the upgrade from version {step.version}"
    try:
        upgraded: object = step.function(dict(payload))
    except Exception as error:
        raise Refused(f"{where} failed with {error!r}", payload, at=".data") from error
    if not is_json_object(upgraded):
        raise Refused(f"{where} of {entry.name!r} has to return a dict", upgraded, at=".data")
    return upgraded


def _entry_of(form: TypeLike, owner: str) -> Entry:
    info = message_info(class_of(form)) if is_attrs(form) else None
    if info is None:
        raise ConfigurationError(
            owner,
            f"{type_name(form)!r} is no message",
            "decorate the class with @message('name'), a subclass of a message as well",
        )
    upgrades = sorted(upgrades_of(class_of(form)), key=lambda step: step.version)
    _check_upgrades(info.name, info.version, [step.version for step in upgrades])
    return Entry(
        name=info.name,
        version=info.version,
        oldest=info.version - len(upgrades),
        form=form,
        upgrades=tuple(upgrades),
    )


def _check_upgrades(name: str, version: int, steps: list[int]) -> None:
    subject = f"message {name!r}"
    for step in steps:
        if step >= version:
            raise ConfigurationError(
                subject,
                f"there is an upgrade from version {step}, but the class is at version {version}",
                f"write @message({name!r}, version={step + 1}), or drop the upgrade",
            )
        if steps.count(step) > 1:
            raise ConfigurationError(
                subject,
                f"there are {steps.count(step)} upgrades from version {step}",
                "keep one of them",
            )
    missing = set(range(steps[0], version)) - set(steps) if steps else set[int]()
    if missing:
        raise ConfigurationError(
            subject,
            f"no upgrade leads from version {min(missing)} to {min(missing) + 1}",
            f"write @upgrade(..., version={min(missing)}), or drop the older ones",
        )
