"""The strict schema and the strict field that every other schema and field is built on."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar, Self, TypeVar

import marshmallow
from marshmallow import EXCLUDE, INCLUDE, RAISE, ValidationError, fields, missing, post_dump, pre_load, validates_schema
from marshmallow.types import UnknownOption

from schemas.faults import MOST_PROBLEMS, Fault, echo, problems

__all__ = ["Checked", "Document", "Fault", "OpenSchema", "Schema", "problems", "settings"]

Document = dict[str, Any]
T = TypeVar("T")

# What the service writes into a record itself, whatever its kind.
READ_ONLY = frozenset(
    {
        "id",
        "version",
        "created_at",
        "updated_at",
        "recorded_by",
        "withdrawn_at",
        "withdrawn_by",
        "statements_count",
        "merged_into",
        "withdrawn",
    }
)
# Far more than any object here has; beyond it, naming each stranger would only cost time.
MOST_MEMBERS = 200


class Schema(marshmallow.Schema):
    """An object whose every member is known; anything else is refused with a fault.

    `json_schema` holds what JSON Schema can say about several members at once; whoever writes the JSON
    Schema of the class merges it into the object. `read_only` names members that only the service sets.
    """

    json_schema: ClassVar[dict[str, object]] = {}
    read_only: ClassVar[frozenset[str]] = READ_ONLY
    error_messages: dict[str, str] = {
        "type": Fault("type", "This must be a JSON object."),
        "unknown": Fault("unknown", "There is no such field."),
    }

    class Meta(marshmallow.Schema.Meta):
        unknown: ClassVar[UnknownOption] = RAISE

    def conflicts(self, data: Document, original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """Faults between members, each with the member it is shown at.

        `data` has the members that are right by themselves, `original` all that were sent. It is asked
        even when other members failed, so that a client sees everything at once.
        """
        yield from ()

    def locate(self, pointer: str, sent: object) -> str:
        """Where a fault at `pointer` of the loaded document lies in what was `sent`."""
        return pointer

    def defaults(self) -> Document:
        """What an object without a single member means: every field with its default, required ones null."""
        fields = {name: field for name, field in self.load_fields.items() if isinstance(field, Checked)}
        return {name: None if field.required else field.absent() for name, field in fields.items()}

    @pre_load
    def bounded(self, data: Any, **_: object) -> Any:
        """Refuse an object with an absurd number of members before they are looked at one by one."""
        if isinstance(data, Mapping) and len(data) > MOST_MEMBERS:
            raise ValidationError(Fault("length", f"This object has {len(data)} members."))
        return data

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def _between_members(self, data: Document, original: object, **_: object) -> None:
        if not isinstance(original, Mapping):
            return
        found: dict[str, list[Fault]] = {}
        for name, fault in self.conflicts(data, original):
            found.setdefault(name, []).append(fault)
        if found:
            raise ValidationError(found)

    def _deserialize(self, data: Any, *, error_store: Any, many: bool = False, **options: Any) -> Any:
        """Read one object as marshmallow does, in less time: nothing here is partial or belongs elsewhere."""
        if many or options.get("partial") is not None or not isinstance(data, Mapping):
            return super()._deserialize(data, error_store=error_store, many=many, **options)
        loaded: Document = {}
        left = len(data)
        for name, field in self.load_fields.items():
            key = name if field.data_key is None else field.data_key
            value = data.get(key, missing)
            if value is missing and not field.required:
                default = field.load_default
                if default is not missing:
                    loaded[name] = default() if callable(default) else default
                continue
            left -= value is not missing
            try:
                value = field.deserialize(value, key, data)
            except ValidationError as error:
                error_store.store_error(error.messages, key)
                value = error.valid_data or missing
            if value is not missing:
                loaded[name] = value
        if left and options["unknown"] != EXCLUDE:
            self._keep_or_refuse(data, loaded, options["unknown"], error_store)
        return loaded

    def _keep_or_refuse(self, data: Mapping[str, Any], loaded: Document, unknown: UnknownOption, errors: Any) -> None:
        for key in data.keys() - {field.data_key or name for name, field in self.load_fields.items()}:
            if unknown == INCLUDE:
                loaded[key] = data[key]
            else:
                errors.store_error([self.error_messages["unknown"]], key)

    def handle_error(self, error: ValidationError, data: Any, *, many: bool, **kwargs: Any) -> None:
        """Replace marshmallow's word for unknown members by one that helps."""
        if many or not isinstance(data, Mapping) or not isinstance(error.messages, dict):
            return
        # Also of a schema that was made of some of its fields only.
        known = [field.data_key or name for name, field in self.declared_fields.items() if not field.dump_only]
        strangers = (key for key in data if key not in known and key in error.messages)
        # Whoever sends thousands of them sees no more than the first hundred.
        for key in islice(strangers, MOST_PROBLEMS):
            error.messages[key] = [self._stranger(key, known)]

    def _stranger(self, key: object, known: Sequence[str]) -> Fault:
        if key in self.read_only:
            return Fault("read_only", f"{echo(key)} is set by the service and cannot be sent.")
        return Fault("unknown", f"There is no field {echo(key)!r} here.", meant=(str(key), known))


class OpenSchema(Schema):
    """An object that the service sends: members added by a later version pass through untouched.

    `example` is a whole one, where none can be made of an example of what is sent to the service.
    """

    example: ClassVar[Document] = {}

    class Meta(Schema.Meta):
        unknown: ClassVar[UnknownOption] = INCLUDE

    @post_dump(pass_original=True)
    def _keep_the_rest(self, sent: Document, original: object, **_: object) -> Document:
        if isinstance(original, Mapping):
            sent.update((key, value) for key, value in original.items() if key not in self.fields)
        return sent


class Checked(fields.Field[T]):
    """A field whose errors are faults and whose JSON Schema lies in its metadata.

    Null counts as absent where the field may be absent. Marshmallow's `validate`, `pre_load` and
    `post_load` are left aside on purpose: a rule is a class here, and is checked in one step.
    """

    default_error_messages = {
        "required": "This field is required.",
        "null": "This field is required and cannot be null.",
        "type": "This must be {expected}, not {found}.",
    }
    # A key of the messages is the fault's code, unless it stands here.
    codes: ClassVar[Mapping[str, str]] = {"null": "required", "invalid": "type"}

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        """The fault `key`, with `kwargs` put into its message."""
        code = self.codes.get(key, key)
        return ValidationError(Fault(code, str(self.error_messages[key]).format(**kwargs)))

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Check `value` and give it in its canonical form; raises ValidationError with a fault."""
        if value is missing:
            if self.required:
                raise self.make_error("required")
            default = self.load_default
            return default() if callable(default) else default
        if value is None:
            if not self.allow_none:
                raise self.make_error("null")
            return None if self.load_default is missing else self.absent()
        return self._deserialize(value, attr, data, **kwargs)

    def absent(self) -> Any:
        """The value that stands for an absent member; a list is made anew each time."""
        default = self.load_default
        return default() if callable(default) else default

    def variant(self, *, required: bool, nullable: bool, default: object = missing) -> Self:
        """The same rule with another word on whether the member may be absent or null."""
        twin = copy.copy(self)
        twin.required, twin.allow_none, twin.load_default = required, nullable, default
        kept = {name: value for name, value in self.metadata.items() if name != "default"}
        twin.metadata = _nullable(kept, nullable)
        return twin

    def sent(self) -> "Checked[Any]":
        """The field as the service sends it: always there, null only where nothing stands for absence."""
        return self.variant(required=True, nullable=self.load_default is None)

    def expect(self, kind: type | tuple[type, ...], value: object, expected: str) -> None:
        """Refuse `value` with the fault `type` unless it is a `kind`; true and false are no numbers."""
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.make_error("type", expected=expected, found=json_type(value))


def settings(
    description: str,
    *,
    required: bool = False,
    default: object = None,
    examples: Sequence[object] = (),
    **json_schema: object,
) -> dict[str, Any]:
    """Marshmallow's arguments for a field: optional ones may be null and then load as `default`."""
    metadata: dict[str, object] = {"description": description} if description else {}
    metadata |= json_schema
    if examples:
        metadata["examples"] = list(examples)
    if required:
        return {"required": True, "metadata": _nullable(metadata, False)}
    return {"load_default": default, "allow_none": True, "metadata": _nullable(metadata, True)}


def _nullable(metadata: Mapping[str, Any], nullable: bool) -> dict[str, Any]:
    """JSON Schema with null allowed or not, where it lists the values or the shapes one by one."""
    described = dict(metadata)
    if "enum" in described:
        described["enum"] = [word for word in described["enum"] if word is not None] + [None] * nullable
    if "anyOf" in described:
        null = {"type": "null"}
        described["anyOf"] = [shape for shape in described["anyOf"] if shape != null] + [null] * nullable
    return described


def json_type(value: object) -> str:
    """What JSON calls a value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    names: list[tuple[Any, str]] = [
        (str, "a string"),
        ((int, float), "a number"),
        (Mapping, "an object"),
        (Sequence, "a list"),
    ]
    return next((name for kind, name in names if isinstance(value, kind)), "something else")
