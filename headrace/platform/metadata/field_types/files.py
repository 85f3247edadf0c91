"""Files: one or several, of any kind or images only, and a signature that is drawn.

A value is the ids of uploaded files when it comes in, and what is shown of each file when it goes
out. The store takes a file for the record and field that name it, see `records.attaching`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, Generic, TypeVar

from marshmallow import ValidationError, fields

from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.types import FILE as FILE_TYPE
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.definitions.keys import key
from headrace.platform.metadata.field_types.base import (
    NO_AGGREGATES,
    CaptureLimits,
    Example,
    FieldType,
    FileLimits,
    NoOptions,
    Operator,
)
from headrace.platform.metadata.field_types.cells import Cell, cell_text
from headrace.platform.metadata.field_types.converting import Values, Way
from headrace.platform.metadata.field_types.values import INVALID, WRONG_TYPE, refuse, type_name
from headrace.platform.metadata.file_kinds import (
    BY_MEDIA_TYPE,
    IMAGES,
    KINDS,
    USUAL,
    FileKindName,
    ImageKind,
)
from headrace.platform.metadata.storage_types import (
    FILE,
    FILES,
    HOLDS_FILES,
    SEPARATOR,
    Storage,
    StoredFile,
    files_in,
)

MEGABYTE: Final = 1024 * 1024
MOST_MEGABYTES: Final = 100
MOST_FILES: Final = 50
SIGNATURE_BYTES: Final = MEGABYTE
MOST_HOURS: Final = 8_760
CLOCKS_DIFFER: Final = timedelta(minutes=10)
"""How far the clock of a camera may be ahead."""
NO_NOTES: Final = frozenset({"gif"})
"""Kinds of images in which no camera notes anything."""
PARTS: Final = frozenset({"id", "name", "size", "type", "url", "captured"})
NONE_BUT_NULL: Final[frozenset[Operator]] = frozenset({"is_null"})
FILE_ID: Final = Text("the id of an uploaded file", "已上传文件的标识")
FILE_IDS: Final = Text("an array of ids of uploaded files", "已上传文件标识的数组")
EXAMPLE: Final = "5f0c2b1e-9d64-4c1b-a1d7-3e8f0b6a2c94"

WRONG_KIND = Message(
    "file.kind",
    "“{name}” is a file of the kind {kind}; this field takes: {kinds}.",
    "“{name}”的文件类型为 {kind}，该字段只接受：{kinds}。",
    "Choose a file of one of these kinds; what counts is what is in the file, not its name.",
    "请选择上述类型的文件；以文件内容为准，而非文件名。",
)
TOO_LARGE = Message(
    "file.too_large",
    "“{name}” has {size} MB; a file of this field has at most {most} MB.",
    "“{name}”大小为 {size} MB，该字段的文件最大 {most} MB。",
    "Make it smaller, or split it.",
    "请压缩或拆分后再上传。",
)
TOO_MANY = Message(
    "files.too_many",
    "These are {count} files; the field takes at most {most}.",
    "共 {count} 个文件，该字段最多 {most} 个。",
    "Remove some.",
    "请移除部分文件。",
)
TOO_FEW = Message(
    "files.too_few",
    "These are {count} files; the field needs at least {least}.",
    "共 {count} 个文件，该字段至少需要 {least} 个。",
    "Add more.",
    "请补充文件。",
)
COUNT_RANGE = Message(
    "files.count_range",
    "No number of files is at least {least} and at most {most}.",
    "没有既不少于 {least} 又不多于 {most} 的文件数量。",
    "Lower `min` or raise `max`.",
    "请降低 min 或提高 max。",
)
NOT_TIMED = Message(
    "file.no_capture_time",
    "“{name}” does not say when it was taken.",
    "“{name}”没有拍摄时间。",
    "Send the photo as the camera made it: what is edited, or passed on by a chat, often lacks the time.",
    "请上传相机拍摄的原图；经编辑或聊天工具转发的图片往往不含拍摄时间。",
)
NOT_PLACED = Message(
    "file.no_position",
    "“{name}” does not say where it was taken.",
    "“{name}”没有拍摄位置。",
    "Let the camera app use the position of the phone, and take the photo again.",
    "请允许相机使用手机定位，然后重新拍摄。",
)
TAKEN_EARLIER = Message(
    "file.captured_earlier",
    "“{name}” was taken more than {hours} hours before it was sent.",
    "“{name}”的拍摄时间早于上传前 {hours} 小时。",
    "Take a new photo.",
    "请重新拍摄。",
)
TAKEN_LATER = Message(
    "file.captured_later",
    "“{name}” says that it was taken after it was sent.",
    "“{name}”的拍摄时间晚于上传时间。",
    "Set the clock and the time zone of the camera, and take the photo again.",
    "请校准相机的时间与时区，然后重新拍摄。",
)
NO_CAPTURE = Message(
    "files.no_capture",
    "Images of these kinds never say when they were taken, so none would be accepted.",
    "这些类型的图片不含拍摄信息，任何图片都会被拒绝。",
    "Take `jpeg` or `heic` too, or leave `captured` out.",
    "请同时接受 jpeg 或 heic，或去掉 captured。",
)
NOT_IN_CELLS = Message(
    "file.not_in_cells",
    "“{value}” is not the id of an uploaded file: a cell cannot hold the file itself.",
    "“{value}”不是已上传文件的标识：单元格无法包含文件本身。",
    "Leave the column out, or upload the files first and write their ids, with “;” between them.",
    "请去掉该列；或先上传文件，再填写其标识，多个以“;”分隔。",
)


CAPTURED: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "at": {"type": "string", "format": "date-time"},
        "latitude": {"type": "string", "description": "Degrees north."},
        "longitude": {"type": "string", "description": "Degrees east."},
    },
    "description": "When and where a photograph was taken, where it says so.",
}
"""The JSON Schema of what a file says of how it was taken."""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """Options of a field for one file."""

    kinds: tuple[FileKindName, ...] = key(
        "Kinds of files that are taken, told by what is in them; without it all but `xml`, `html`,"
        " `svg` and `other`.",
        (),
        minItems=1,
        uniqueItems=True,
    )
    largest: int = key("Most megabytes of a file.", 20, minimum=1, maximum=MOST_MEGABYTES)


@dataclass(frozen=True, slots=True)
class FilesOptions(FileOptions):
    """Options of a field for several files."""

    min: int = key("Fewest files, where there are any.", 1, minimum=1, maximum=MOST_FILES)
    max: int = key("Most files.", 20, minimum=1, maximum=MOST_FILES)


@dataclass(frozen=True, slots=True)
class CaptureDef:
    """What a photograph must say of how it was taken: when, and what else is asked for here."""

    within: int | None = key(
        "It was taken at most so many hours before it is sent.", None, minimum=1, maximum=MOST_HOURS
    )
    position: bool = key("It says where it was taken, too.", default=False)


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """Options of a field for one image."""

    kinds: tuple[ImageKind, ...] = key(
        "Kinds of images that are taken; without it all of them.", (), minItems=1, uniqueItems=True
    )
    largest: int = key("Most megabytes of an image.", 20, minimum=1, maximum=MOST_MEGABYTES)
    captured: CaptureDef | None = key(
        "Photographs only that say when they were taken; `{}` asks for no more.", None
    )


@dataclass(frozen=True, slots=True)
class ImagesOptions(ImageOptions):
    """Options of a field for several images."""

    min: int = key("Fewest images, where there are any.", 1, minimum=1, maximum=MOST_FILES)
    max: int = key("Most images.", 20, minimum=1, maximum=MOST_FILES)


@dataclass(frozen=True, slots=True)
class SentFiles:
    """The ids of files as they were sent, each once; the store makes the value of them."""

    ids: tuple[str, ...]


class FilesField(fields.Field[SentFiles | None]):
    """Ids of files, or files as they were sent out; the store looks who may use them."""

    def __init__(self, limits: FileLimits, *, several: bool) -> None:
        super().__init__(allow_none=True)
        self.limits = limits
        self.several = several

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> SentFiles | None:
        if isinstance(value, str) and SEPARATOR in value:
            value = [one for one in value.split(SEPARATOR) if one]
        given = value if isinstance(value, (list, tuple)) else [value]
        ids = tuple(dict.fromkeys(map(self._id, given)))
        if not ids:
            return None
        problem = miscounted(len(ids), self.limits)
        if problem is not None:
            raise refuse(problem)
        return SentFiles(ids)

    def _id(self, value: Any) -> str:
        if isinstance(value, Mapping) and "id" in value and value.keys() <= PARTS:
            value = value["id"]
        if isinstance(value, str):
            if is_record_id(value):
                return value
            raise refuse(INVALID.at(value=value, expected=FILE_ID, example=EXAMPLE))
        expected = FILE_IDS if self.several else FILE_ID
        raise refuse(WRONG_TYPE.at(expected=expected, given=type_name(value)))


OptionsT = TypeVar("OptionsT")


class _HoldingFiles(FieldType[OptionsT], Generic[OptionsT]):
    """What the types of this file share."""

    operators = NONE_BUT_NULL
    aggregates = NO_AGGREGATES
    several = False

    def storage(self, options: OptionsT) -> Storage:
        return FILES if self.several else FILE

    def value_type(self, options: OptionsT) -> Type:
        return FILE_TYPE

    def value_field(self, options: OptionsT) -> fields.Field[Any]:
        return FilesField(self.file_limits(options), several=self.several)

    def file_limits(self, options: OptionsT) -> FileLimits:
        """Return which files a field takes, and how many."""
        named = frozenset(getattr(options, "kinds", ()))
        return FileLimits(
            kinds=named or self._every_kind(),
            largest=getattr(options, "largest", 1) * MEGABYTE,
            least=getattr(options, "min", 1),
            most=getattr(options, "max", 1),
            captured=_capture_limits(getattr(options, "captured", None)),
        )

    def _every_kind(self) -> frozenset[str]:
        return USUAL

    def narrows(self, old: OptionsT, new: OptionsT) -> bool:
        before, after = self.file_limits(old), self.file_limits(new)
        return (
            not before.kinds <= after.kinds
            or after.largest < before.largest
            or after.least > before.least
            or after.most < before.most
            or after.captured not in {None, before.captured}
        )

    def converts_from(self, source: Values, own: Values) -> Way | None:
        """Take the files of another field that holds some, where they fit; nothing else is a file."""
        if source.kind not in HOLDS_FILES:
            return None
        limits = self.file_limits(own.options)

        def convert(value: str) -> str:
            problem = next(misfits(files_in(value), limits), None)
            if problem is not None:
                raise ValidationError([problem])
            return value

        return convert

    def from_cell(self, cell: Cell, options: OptionsT, zone: tzinfo) -> list[str]:
        """Take ids of files that were uploaded before; anything else is refused."""
        found = [one.strip() for one in cell_text(cell).split(SEPARATOR)]
        for one in found:
            if one and not is_record_id(one):
                raise refuse(NOT_IN_CELLS.at(value=one))
        return [one for one in found if one]

    def shown(self, value: Any, options: OptionsT, language: str) -> Any:
        files = value if isinstance(value, list) else [value]
        return SEPARATOR.join(str(one["name"]) for one in files)

    def json_schema(self, options: OptionsT) -> dict[str, Any]:
        one = {
            "type": "object",
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "name": {"type": "string"},
                "size": {"type": "integer", "description": "Bytes."},
                "type": {"type": "string", "description": "Media type."},
                "url": {"type": "string", "format": "uri-reference"},
                "captured": CAPTURED,
            },
            "required": ["id", "name", "size", "type", "url"],
            "description": "A file. Write its id, as POST /files gave it.",
        }
        return {"type": "array", "items": one, "minItems": 1} if self.several else one

    def check_options(self, options: OptionsT) -> Sequence[Problem]:
        limits = self.file_limits(options)
        found = []
        if limits.least > limits.most:
            found.append(COUNT_RANGE.at("/min", least=limits.least, most=limits.most))
        if limits.captured is not None and limits.kinds <= NO_NOTES:
            found.append(NO_CAPTURE.at("/captured"))
        return found

    def examples(self) -> Sequence[Example]:
        more = (Example({"min": 2}, [EXAMPLE], refused="files.too_few"),) if self.several else ()
        return (
            Example({}, [], None),
            Example({}, EXAMPLE, refused="file.unknown"),
            Example({}, {"id": EXAMPLE, "name": "a.pdf"}, refused="file.unknown"),
            Example({}, {"id": EXAMPLE, "path": "/etc"}, refused="value.wrong_type"),
            Example({}, "a.pdf", refused="value.invalid"),
            Example({}, 5, refused="value.wrong_type"),
            Example(
                {},
                [f"{number:08x}{EXAMPLE[8:]}" for number in range(MOST_FILES + 1)],
                refused="files.too_many",
            ),
            *more,
        )


class FileType(_HoldingFiles[FileOptions]):
    """One file."""

    key = "file"
    label = Text("File", "文件")
    widget = "files"
    options_type = FileOptions


class FilesType(_HoldingFiles[FilesOptions]):
    """Several files, in an order."""

    key = "files"
    label = Text("Files", "多个文件")
    widget = "files"
    options_type = FilesOptions
    several = True


class ImageType(_HoldingFiles[ImageOptions]):
    """One image; on a phone the camera can take it."""

    key = "image"
    label = Text("Image", "图片")
    widget = "images"
    options_type = ImageOptions

    def _every_kind(self) -> frozenset[str]:
        return frozenset(IMAGES)


class ImagesType(_HoldingFiles[ImagesOptions]):
    """Several images, in an order; on a phone the camera can take them."""

    key = "images"
    label = Text("Images", "多张图片")
    widget = "images"
    options_type = ImagesOptions
    several = True

    def _every_kind(self) -> frozenset[str]:
        return frozenset(IMAGES)


class SignatureType(_HoldingFiles[NoOptions]):
    """A signature that is drawn on the screen, kept as a PNG image; a photograph of one will do."""

    key = "signature"
    label = Text("Signature", "手写签名")
    widget = "signature"
    options_type = NoOptions

    def file_limits(self, options: NoOptions) -> FileLimits:
        return FileLimits(frozenset({"png", "jpeg"}), SIGNATURE_BYTES, 1, 1)


def _capture_limits(asked: CaptureDef | None) -> CaptureLimits | None:
    if asked is None:
        return None
    within = None if asked.within is None else timedelta(hours=asked.within)
    return CaptureLimits(within, asked.position)


def misfits(files: Sequence[StoredFile], limits: FileLimits) -> Iterator[Problem]:
    """Yield why a field does not take these files."""
    problem = miscounted(len(files), limits)
    if problem is not None:
        yield problem
    yield from (found for one in files if (found := misfit(one, limits)) is not None)


def misfit(file: StoredFile, limits: FileLimits, sent_at: datetime | None = None) -> Problem | None:
    """Return why a field does not take a file; when it was sent counts where that is known."""
    kind = BY_MEDIA_TYPE.get(file.type, KINDS["other"])
    if kind.key not in limits.kinds:
        return WRONG_KIND.at(name=file.name, kind=kind.label, kinds=kinds_shown(limits))
    if file.size > limits.largest:
        size, most = megabytes(file.size), megabytes(limits.largest)
        return TOO_LARGE.at(name=file.name, size=size, most=most)
    return None if limits.captured is None else _miscaptured(file, limits.captured, sent_at)


def _miscaptured(
    file: StoredFile, limits: CaptureLimits, sent_at: datetime | None
) -> Problem | None:
    taken_at = file.captured.at
    if taken_at is None:
        return NOT_TIMED.at(name=file.name)
    if limits.position and file.captured.latitude is None:
        return NOT_PLACED.at(name=file.name)
    if limits.within is None or sent_at is None:
        return None
    if taken_at < sent_at - limits.within:
        hours = int(limits.within / timedelta(hours=1))
        return TAKEN_EARLIER.at(name=file.name, hours=hours)
    return TAKEN_LATER.at(name=file.name) if taken_at > sent_at + CLOCKS_DIFFER else None


def miscounted(count: int, limits: FileLimits) -> Problem | None:
    """Return why a field does not take so many files."""
    if count > limits.most:
        return TOO_MANY.at(count=count, most=limits.most)
    if 0 < count < limits.least:
        return TOO_FEW.at(count=count, least=limits.least)
    return None


def kinds_shown(limits: FileLimits) -> Text:
    """Return the kinds of a field as people name them."""
    labels = [one.label for one in KINDS.values() if one.key in limits.kinds]
    return Text(
        ", ".join(one.within("en") for one in labels), "、".join(one.within("zh") for one in labels)
    )


def megabytes(size: int) -> str:
    """Return bytes as megabytes: rounded up to a tenth, so that too much never looks like enough."""
    tenths = -(-size * 10 // MEGABYTE)
    return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)


TYPES = (FileType(), FilesType(), ImageType(), ImagesType(), SignatureType())
