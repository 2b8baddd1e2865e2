"""What a row of the private database is, and how a row type says where it lies.

Pure. A row is a frozen value; a store keeps it under the fields that its table names as key. Cells
hold text, whole numbers, truth, lists of text or JSON objects, and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Final, TypeVar, get_type_hints

import msgspec

SHORT_CHARS_MAX: Final = 255
Short = Annotated[str, msgspec.Meta(max_length=SHORT_CHARS_MAX)]
"""Text that a key, an index or a list of columns can carry; longer text is `str`."""
Key = tuple[str | int, ...]
Cell = str | int | bool | None | tuple[str, ...] | Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where rows of a type lie.

    A versioned table is in the database's history; another one is chatter of this machine, its
    name begins with `local_`. `indexes` are groups of fields by which rows are looked for.
    """

    name: str
    key: tuple[str, ...]
    versioned: bool = True
    indexes: tuple[tuple[str, ...], ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row. Every field has a default except those of the key."""

    table: ClassVar[Table]

    @property
    def key(self) -> Key:
        """The values of the table's key."""
        return tuple(getattr(self, name) for name in self.table.key)


Some = TypeVar("Some", bound=Row)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a row type: its type, and its value where a row says nothing."""

    name: str
    type: Any
    default: Any
    required: bool


@cache
def fields_of(kind: type[Row]) -> tuple[Field, ...]:
    """The fields of a row type in the order of its table's columns."""
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in msgspec.structs.fields(kind):
        required = field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
        default = field.default
        if default is msgspec.NODEFAULT and not required:
            default = field.default_factory()
        found.append(
            Field(field.name, hints[field.name], None if required else default, required=required)
        )
    return tuple(found)


def matches(row: Row, where: Mapping[str, Any]) -> bool:
    """Whether the row has these values; a tuple stands for any of its values."""
    return all(
        getattr(row, name) in value if isinstance(value, tuple) else getattr(row, name) == value
        for name, value in where.items()
    )


class Event(Row, frozen=True, kw_only=True):
    """Something that happened, written with the change that it describes.

    `seq` is given by the store, from 1 on without end; `at` is in microseconds since 1970 UTC.
    """

    table: ClassVar[Table] = Table(
        name="local_event", key=("seq",), versioned=False, indexes=(("subject", "seq"),)
    )

    seq: int = 0
    at: int = 0
    kind: Short = ""
    actor: Short = ""
    subject: Short = ""
    payload: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Cursor(Row, frozen=True, kw_only=True):
    """How far a consumer of events has come: it has dealt with every event up to `seq`."""

    table: ClassVar[Table] = Table(name="local_cursor", key=("name",), versioned=False)

    name: Short
    seq: int = 0


class Setting(Row, frozen=True, kw_only=True):
    """What this database was told once: its prefix, who owns it."""

    table: ClassVar[Table] = Table(name="settings", key=("name",))

    name: Short
    value: str = ""


OF_EVERY_STORE: Final[tuple[type[Row], ...]] = (Event, Cursor, Setting)
