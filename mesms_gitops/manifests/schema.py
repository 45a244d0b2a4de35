"""The keys of a manifest and of the project file, as pydantic models; the editor's JSON Schema is generated from them.

Every leaf is read by a function of `scalars` from the node of the YAML tree, so pydantic's own coercions never run.
Every key is optional here: what must be there, and what goes with what, depends on other keys and is checked in
``build`` and ``project``, so that one bad value never hides the next problem. The JSON Schema states what it can of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence  # noqa: TC003  (pydantic reads annotations when the class is made)
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag
from pydantic_core import CoreSchema, core_schema

from mesms_gitops.manifests import scalars
from mesms_gitops.manifests.scalars import Misfit, Moment
from mesms_gitops.manifests.yaml_tree import MappingNode
from mesms_gitops.model.campaign import Tolerance, Window

MAX_NUMBERS: Final = 1_000
DELIVERY_STATES: Final = ("pending", "success", "failed", "invalid", "blocked", "expired", "timeout")
"""ME-SMS reference, "Per-recipient delivery status"."""
LIST_KINDS: Final = ("csv", "json", "ndjson", "parquet", "xlsx")
SOURCE_KINDS: Final = (*LIST_KINDS, "sql", "numbers", "contact_group", "delivery")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)  # a dict is not hashable, and typing wants metadata that is
class Leaf:
    """How one scalar is read, and what an editor is told about it; pydantic asks nothing else about its type."""

    read: Callable[[object], object]
    schema: Json

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: object) -> Json:
        return dict(self.schema)


def _string(**rest: Any) -> Json:
    return {"type": "string", **rest}


def _integer(least: int) -> Json:
    return {"type": "integer", "minimum": least}


_LOOSE: Json = {"type": ["string", "number", "boolean"]}

Text = Annotated[str, Leaf(scalars.filled_text, _string(minLength=1))]
AnyText = Annotated[str, Leaf(scalars.text, _string())]
LooseText = Annotated[str, Leaf(scalars.loose_text, _LOOSE)]
QuotedNumber = Annotated[str, Leaf(scalars.quoted_number, _string(pattern=r"^[+0-9๐-๙() .-]{9,24}$"))]
CampaignName = Annotated[str, Leaf(scalars.campaign_name, _string(pattern=scalars.NAME))]
Sender = Annotated[str, Leaf(scalars.sender, _string(pattern=r"^[!-~]([ -~]{0,9}[!-~])?$", maxLength=11))]
EnvironmentName = Annotated[str, Leaf(scalars.environment_name, _string(pattern=scalars.IDENTIFIER))]
Count = Annotated[int, Leaf(scalars.whole(0), _integer(0))]
Positive = Annotated[int, Leaf(scalars.whole(1), _integer(1))]
PositiveDecimal = Annotated[float, Leaf(scalars.positive_decimal, {"type": "number", "exclusiveMinimum": 0})]
Duration = Annotated[
    timedelta, Leaf(scalars.duration, {"anyOf": [_string(pattern=scalars.DURATION, minLength=1), {"const": 0}]})
]
PositiveDuration = Annotated[timedelta, Leaf(scalars.positive_duration, _string(pattern=scalars.DURATION, minLength=2))]
WindowText = Annotated[Window, Leaf(scalars.window, _string(pattern=scalars.WINDOW))]
ZoneName = Annotated[str, Leaf(scalars.timezone_name, _string(minLength=1))]
When = Annotated[Moment, Leaf(scalars.moment, _string(pattern=scalars.MOMENT))]
TolerableShare = Annotated[
    Tolerance,
    Leaf(scalars.tolerance, {"anyOf": [_string(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})? ?%$"), _integer(0)]}),
]


def _words(*words: str) -> Leaf:
    return Leaf(scalars.choice(words), _string(enum=list(words)))


State = Annotated[str, _words("active", "draft", "cancelled")]
MessageClassName = Annotated[str, _words("marketing", "transactional")]
DeliveryStateName = Annotated[str, _words(*DELIVERY_STATES)]
EngineName = Annotated[str, _words("local", "spark")]


class Keys(BaseModel):
    """A mapping with known keys and no others."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, protected_namespaces=()
    )


# --- recipients -------------------------------------------------------------------------------------------------------

_PHONE = Field(None, description="Column that holds the phone number. · คอลัมน์ที่เก็บเบอร์โทร")
_VARIABLES = Field(None, description="Per recipient: template variable <- column. · ตัวแปรในข้อความ <- ชื่อคอลัมน์")
_WHERE = Field(
    None, description="Keep only rows whose column equals the value, or one of a list. · เลือกเฉพาะแถวที่ตรงเงื่อนไข"
)


def _where_tag(node: object) -> str:
    return "<list>" if isinstance(node, list) else "<value>"


WhereValue = Annotated[
    Annotated[LooseText, Tag("<value>")] | Annotated[list[LooseText], Field(min_length=1), Tag("<list>")],
    Discriminator(_where_tag),
]


class TableKeys(Keys):
    """What every table of recipients takes."""

    phone: Text | None = _PHONE
    variables: dict[str, Text] | None = _VARIABLES
    where: dict[str, WhereValue] | None = _WHERE


def _needs(*keys: str) -> ConfigDict:
    return ConfigDict(json_schema_extra={"required": list(keys)})


_LOCATION = "path relative to this file, or an https URL. · ตำแหน่งไฟล์เทียบกับไฟล์นี้ หรือ https"


class CsvSource(TableKeys):
    """Recipients from a CSV file. · รายชื่อจากไฟล์ CSV"""

    model_config = _needs("csv", "phone")
    csv: Text | None = Field(None, description=f"CSV file: {_LOCATION}")


class JsonSource(TableKeys):
    """Recipients from a JSON list of objects. · รายชื่อจากไฟล์ JSON"""

    model_config = _needs("json", "phone")
    json_: Text | None = Field(None, alias="json", description=f"JSON file: {_LOCATION}")


class NdjsonSource(TableKeys):
    """Recipients from JSON lines. · รายชื่อจากไฟล์ NDJSON"""

    model_config = _needs("ndjson", "phone")
    ndjson: Text | None = Field(None, description=f"NDJSON file: {_LOCATION}")


class ParquetSource(TableKeys):
    """Recipients from a Parquet file. · รายชื่อจากไฟล์ Parquet"""

    model_config = _needs("parquet", "phone")
    parquet: Text | None = Field(None, description=f"Parquet file: {_LOCATION}")


class XlsxSource(TableKeys):
    """Recipients from the first sheet of a workbook. · รายชื่อจากไฟล์ Excel"""

    model_config = _needs("xlsx", "phone")
    xlsx: Text | None = Field(None, description=f"XLSX file: {_LOCATION}")


class SqlKeys(Keys):
    """A query and where to run it."""

    model_config = _needs("url_env", "query_file")
    url_env: EnvironmentName | None = Field(
        None, description="Name of the environment variable that holds the connection string. · ชื่อตัวแปรระบบที่เก็บ DSN"
    )
    query_file: Text | None = Field(None, description="SQL file, relative to this file. · ไฟล์คำสั่ง SQL")


class SqlSource(TableKeys):
    """Recipients from a database query. · รายชื่อจากฐานข้อมูล"""

    model_config = _needs("sql", "phone")
    sql: SqlKeys | None = Field(None, description="The query and its connection. · คำสั่ง SQL และการเชื่อมต่อ")


class NumbersSourceKeys(Keys):
    """Numbers written here. · เบอร์ที่เขียนไว้ในไฟล์นี้"""

    model_config = _needs("numbers")
    numbers: list[QuotedNumber] | None = Field(
        None,
        description='Phone numbers, each in quotes: "0812345678"; at most 1,000. · เบอร์โทรในเครื่องหมายคำพูด',
        json_schema_extra={"minItems": 1, "maxItems": MAX_NUMBERS},
    )


class GroupSourceKeys(Keys):
    """A contact group of ME-SMS. · กลุ่มรายชื่อบน ME-SMS"""

    model_config = _needs("contact_group")
    contact_group: Positive | None = Field(
        None,
        description="Id of a contact group. ME-SMS resolves it: it cannot be deduplicated or excluded. · รหัสกลุ่มรายชื่อ",
    )


class DeliveryKeys(Keys):
    """Which recipients of which campaign."""

    model_config = _needs("campaign", "status")
    campaign: CampaignName | None = Field(None, description="Name of an earlier campaign. · ชื่อแคมเปญก่อนหน้า")
    status: list[DeliveryStateName] | None = Field(
        None,
        description="Delivery states to take up again, such as [failed, expired]. · สถานะการส่งที่ต้องการ",
        json_schema_extra={"minItems": 1},
    )


class DeliverySourceKeys(Keys):
    """Recipients of an earlier campaign, by how their delivery ended. · ผู้รับจากแคมเปญก่อน ตามผลการส่ง"""

    model_config = _needs("delivery")
    delivery: DeliveryKeys | None = Field(None, description="The earlier campaign and the states. · แคมเปญและสถานะ")


def _source_tag(node: object) -> str | None:
    """The kind of source, by the key that says so; None where none or several do: `source_misfit` knows why."""
    kinds = [kind for kind in SOURCE_KINDS if kind in node] if isinstance(node, MappingNode) else []
    return f"<{kinds[0]}>" if len(kinds) == 1 else None


def source_misfit(node: object) -> Misfit:
    """Why ``node`` is no source of recipients."""
    if not isinstance(node, MappingNode):
        return Misfit(
            "MS121", f"a source of recipients is wanted here, not {scalars.kind_of(node)}", "write `- csv: members.csv`"
        )
    kinds = [kind for kind in SOURCE_KINDS if kind in node]
    if kinds:
        message = f"one source cannot be {' and '.join(kinds)}"
        return Misfit("MS402", message, "begin a new entry with `- ` for each", node=node.keys_at[kinds[1]])
    for key, at in node.keys_at.items():
        if near := scalars.near_miss(key, SOURCE_KINDS):
            return Misfit("MS402", f"unknown source {scalars.cut(key)!r}", f"write {near}", node=at)
    message = "this entry does not say where its recipients come from"
    return Misfit("MS402", message, f"write one of {', '.join(SOURCE_KINDS)}", node=node.head)


Source = Annotated[
    Annotated[CsvSource, Tag("<csv>")]
    | Annotated[JsonSource, Tag("<json>")]
    | Annotated[NdjsonSource, Tag("<ndjson>")]
    | Annotated[ParquetSource, Tag("<parquet>")]
    | Annotated[XlsxSource, Tag("<xlsx>")]
    | Annotated[SqlSource, Tag("<sql>")]
    | Annotated[NumbersSourceKeys, Tag("<numbers>")]
    | Annotated[GroupSourceKeys, Tag("<contact_group>")]
    | Annotated[DeliverySourceKeys, Tag("<delivery>")],
    Discriminator(_source_tag),
]

# --- the rest of a manifest -------------------------------------------------------------------------------------------


class ScheduleKeys(Keys):
    """When the messages leave."""

    at: When | None = Field(
        None, description="`now`, a local time such as 2027-04-10T10:00, or one with an offset. · เวลาส่ง (ปี ค.ศ.)"
    )
    timezone: ZoneName | None = Field(None, description="IANA time zone of `at` and `window`. · เขตเวลา")
    window: WindowText | None = Field(
        None, description='Local hours in which a message may leave, such as "10:00-18:00". · ช่วงเวลาที่ส่งได้'
    )
    give_up_after: PositiveDuration | None = Field(
        None, description="How long after its time the campaign may still be tried, such as 2h. · เลยเวลาได้ไม่เกิน"
    )


def _schedule_tag(node: object) -> str:
    return "<mapping>" if isinstance(node, MappingNode) else "<time>"


ScheduleValue = Annotated[
    Annotated[When, Tag("<time>")] | Annotated[ScheduleKeys, Tag("<mapping>")], Discriminator(_schedule_tag)
]


class InvalidKeys(Keys):
    """How many bad numbers are tolerated."""

    model_config = _needs("max")
    max: TolerableShare | None = Field(
        None, description="More bad numbers than this stop the plan: a share (1%) or a count. · เบอร์เสียได้ไม่เกิน"
    )


class RecipientLimits(Keys):
    """How many recipients are plausible."""

    min: Count | None = Field(None, description="Fewer recipients than this refuse the plan. · ผู้รับอย่างน้อย")
    max: Count | None = Field(None, description="More recipients than this refuse the plan. · ผู้รับไม่เกิน")


class LimitsKeys(Keys):
    """What this campaign may at most be."""

    recipients: RecipientLimits | None = Field(None, description="Plausible size of the audience. · จำนวนผู้รับที่คาดไว้")
    credits: Count | None = Field(None, description="Most credits this campaign may cost. · เครดิตสูงสุด")
    requests: Positive | None = Field(
        None, description="Most requests it may take: one for each different text. Default 100. · จำนวนคำขอสูงสุด"
    )
    parts: Positive | None = Field(None, description="Most SMS parts of one message. · จำนวนส่วนต่อข้อความ")


class ManifestKeys(Keys):
    """One SMS campaign for ME-SMS. · แคมเปญ SMS หนึ่งแคมเปญ"""

    name: CampaignName | None = Field(
        None, description="Identity of the campaign; default the file's name without ending. · ชื่อประจำแคมเปญ"
    )
    moved_from: CampaignName | None = Field(
        None, description="The campaign's former name: a rename never cancels or sends again. · ชื่อเดิม"
    )
    revision: Positive | None = Field(
        None, description="Raise it to send a finished campaign again; nothing else does. · เพิ่มเลขเพื่อส่งซ้ำ"
    )
    state: State | None = Field(None, description="active (default), draft or cancelled. · สถานะแคมเปญ")
    class_: MessageClassName | None = Field(
        None,
        alias="class",
        description="marketing (default) or transactional; decides the hours of sending. · ประเภทข้อความ",
    )
    sender: Sender | None = Field(
        None, description="Approved sender name, at most 11 ASCII characters. · ชื่อผู้ส่งที่อนุมัติแล้ว"
    )
    content: AnyText | None = Field(
        None, description='The text, with {{ variables }} (Jinja2); quote it: "...". · ข้อความ'
    )
    template: Text | None = Field(None, description="Jinja2 file with the text, relative to this file. · ไฟล์ข้อความ")
    template_id: Positive | None = Field(
        None, description="Id of a template saved on ME-SMS, in place of content. · รหัสเทมเพลตบน ME-SMS"
    )
    template_text: AnyText | None = Field(
        None, description="Local copy of the saved template, so that cost can be estimated. · สำเนาข้อความในเทมเพลต"
    )
    variables: dict[str, LooseText] | None = Field(
        None, description="Variables with one value for all recipients. · ตัวแปรที่เหมือนกันทุกคน"
    )
    recipients: list[Source] | None = Field(
        None, description="Sources of recipients, in order; the first mention of a number wins. · ผู้รับ"
    )
    exclude: list[Source] | None = Field(
        None, description="Opt-outs; a list that cannot be read stops the plan. · ผู้ที่ไม่ต้องการรับ"
    )
    invalid: InvalidKeys | None = Field(None, description="Tolerance for bad numbers; default none. · เบอร์เสียที่ยอมรับได้")
    schedule: ScheduleValue | None = Field(
        None,
        description="`now`, a time, or {at, timezone, window, give_up_after}; required when active. · กำหนดเวลาส่ง",
    )
    limits: LimitsKeys | None = Field(None, description="Upper bounds that stop the plan. · ขีดจำกัด")
    owner: Text | None = Field(None, description="Who is asked when a person is needed. · ผู้รับผิดชอบ")
    labels: dict[str, LooseText] | None = Field(None, description="Free labels, for filters and reports. · ป้ายกำกับ")


NOT_DEFAULTS: Final = ("name", "moved_from", "revision")
"""What makes a manifest this one and no other cannot be shared."""

# --- the project file -------------------------------------------------------------------------------------------------


class ApiKeys(Keys):
    """How to reach ME-SMS."""

    base_url: Text | None = Field(None, description="Default https://me-sms.com/api/v2. · ที่อยู่ API")
    requests_per_second: PositiveDecimal | None = Field(None, description="Default 5. · คำขอต่อวินาที")
    timeout: PositiveDuration | None = Field(
        None, description="How long one answer may take; default 30s. · รอคำตอบนานสุด"
    )


class AudienceKeys(Keys):
    """Where lists are worked on."""

    engine: EngineName | None = Field(None, description="local (default) or spark. · เครื่องที่ประมวลผลรายชื่อ")


class PerCampaignAndApply(Keys):
    """One bound for a campaign, one for all campaigns of an apply."""

    campaign: Count | None = Field(None, description="For one campaign. · ต่อหนึ่งแคมเปญ")
    apply: Count | None = Field(None, description="For one apply as a whole. · ต่อการ apply หนึ่งครั้ง")


class WindowsKeys(Keys):
    """Hours by class."""

    marketing: WindowText | None = Field(None, description='Default "09:00-20:00". · ข้อความการตลาด')
    transactional: WindowText | None = Field(None, description="No window unless set. · ข้อความธุรกรรม")


class PolicyKeys(Keys):
    """What every campaign of this project must keep to."""

    senders: list[Sender] | None = Field(None, description="Senders that may be used. · ชื่อผู้ส่งที่ใช้ได้")
    windows: WindowsKeys | None = Field(None, description="Local hours in which messages may leave. · ช่วงเวลาที่ส่งได้")
    links: list[Text] | None = Field(
        None,
        description="Hosts a message may link to (*.host for its subdomains); shorteners always fail. · โดเมนที่ใช้ได้",
    )
    max_parts: Positive | None = Field(None, description="Most SMS parts of any message. · จำนวนส่วนสูงสุด")
    max_recipients: PerCampaignAndApply | None = Field(None, description="Most recipients. · ผู้รับสูงสุด")
    max_credits: PerCampaignAndApply | None = Field(None, description="Most credits. · เครดิตสูงสุด")
    min_balance_after: Count | None = Field(None, description="Credits that must remain. · เครดิตที่ต้องเหลือ")


class DefaultsKeys(ManifestKeys):
    """Keys merged under every manifest. · ค่าเริ่มต้นของทุกแคมเปญ"""

    name: ClassVar[None]  # type: ignore[misc]
    moved_from: ClassVar[None]  # type: ignore[misc]
    revision: ClassVar[None]  # type: ignore[misc]


def _version(node: object) -> str:
    found = scalars.scalar(node, "1").text
    if found != "1":
        raise Misfit(
            "MS002",
            f"version {scalars.cut(found)} of this file's format is not known here",
            "write version: 1, or update mesms-gitops",
        )
    return found


class ProjectKeys(Keys):
    """The project file of mesms-gitops. · ไฟล์โครงการ"""

    version: Annotated[str, Leaf(_version, {"const": 1})] | None = Field(
        None, description="Version of this file's format: 1. · รุ่นของรูปแบบไฟล์"
    )
    campaigns: list[Text] | None = Field(
        None, description="Folders or globs; every *.yaml / *.yml below is one campaign. · โฟลเดอร์ของแคมเปญ"
    )
    timezone: ZoneName | None = Field(None, description="IANA time zone; default Asia/Bangkok. · เขตเวลา")
    state: Text | None = Field(
        None, description="Where state is kept: a path, git:BRANCH, s3://... or postgresql://... · ที่เก็บสถานะ"
    )
    undo_window: Duration | None = Field(
        None,
        description="`schedule: now` is sent as now + this, so it can still be cancelled; default 10m. · เวลาให้ยกเลิก",
    )
    api: ApiKeys | None = Field(None, description="How to reach ME-SMS. · การเชื่อมต่อ ME-SMS")
    defaults: DefaultsKeys | None = Field(None, description="Merged under every manifest. · ค่าเริ่มต้น")
    audience: AudienceKeys | None = Field(None, description="Where lists are worked on. · การประมวลผลรายชื่อ")
    policy: PolicyKeys | None = Field(None, description="What every campaign must keep to. · นโยบาย")


_MODELS: Final[dict[str, type[Keys]]] = {
    "sql": SqlKeys,
    "delivery": DeliveryKeys,
    "schedule": ScheduleKeys,
    "invalid": InvalidKeys,
    "recipients": RecipientLimits,  # the mapping under `limits`; the list of sources has numbers in its path
    "limits": LimitsKeys,
    "api": ApiKeys,
    "audience": AudienceKeys,
    "max_recipients": PerCampaignAndApply,
    "max_credits": PerCampaignAndApply,
    "windows": WindowsKeys,
    "policy": PolicyKeys,
    "defaults": DefaultsKeys,
}
_SOURCE_MODELS: Final[dict[str | None, type[Keys]]] = {
    "<csv>": CsvSource,
    "<json>": JsonSource,
    "<ndjson>": NdjsonSource,
    "<parquet>": ParquetSource,
    "<xlsx>": XlsxSource,
    "<sql>": SqlSource,
    "<numbers>": NumbersSourceKeys,
    "<contact_group>": GroupSourceKeys,
    "<delivery>": DeliverySourceKeys,
}


def known_keys(path: Sequence[object], node: object, model: type[Keys]) -> list[str]:
    """The keys that may stand in ``node``, which is at ``path`` of a file of ``model``."""
    if path and isinstance(path[-1], int):
        found = _SOURCE_MODELS.get(_source_tag(node))
    else:
        found = _MODELS.get(str(path[-1])) if path else model
    return [] if found is None else [field.alias or name for name, field in found.model_fields.items()]


# --- for editors ------------------------------------------------------------------------------------------------------

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ALTERNATIVES: Final = ("content", "template", "template_id")


def json_schema(kind: str) -> str:
    """The JSON Schema (draft 2020-12) of a ``campaign`` or of the ``project`` file, as text; always the same text."""
    model, extra = _SCHEMAS[kind]
    made = _tidy(model.model_json_schema(mode="validation"))
    whole = {"$schema": _DIALECT, "title": f"mesms-gitops {kind}", **{key: made[key] for key in made if key != "title"}}
    return json.dumps({**whole, **extra}, indent=2, ensure_ascii=False) + "\n"


_EXCLUSIVE: Final[Json] = {
    "dependentRequired": {"template_text": ["template_id"]},
    "allOf": [
        {"not": {"required": [first, second]}}
        for position, first in enumerate(_ALTERNATIVES)
        for second in _ALTERNATIVES[position + 1 :]
    ],
}
"""What may not stand together. What must be there is not said: it may come from ``defaults`` in mesms.yaml."""

_SCHEMAS: Final[dict[str, tuple[type[Keys], Json]]] = {
    "campaign": (ManifestKeys, _EXCLUSIVE),
    "project": (ProjectKeys, {"required": ["version"]}),
}


def _tidy(schema: Any) -> Any:
    """Without what says nothing to an author: generated titles, and "or null" where a key may simply be left out."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _tidy(value) for key, value in schema.items()}
    if isinstance(tidy.get("title"), str) and ("type" in tidy or "anyOf" in tidy or "$ref" in tidy):
        del tidy["title"]
    options = tidy.get("anyOf")
    if options and {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        del tidy["anyOf"]
        tidy.pop("default", None)
        tidy = {**(rest[0] if len(rest) == 1 else {"anyOf": rest}), **tidy}
    return tidy


def write_schemas(folder: Path) -> None:
    """Write the schema of each kind into ``folder``, where editors and the wheel take them from."""
    for kind in _SCHEMAS:
        (folder / f"{kind}.schema.json").write_text(json_schema(kind), encoding="utf-8")


if __name__ == "__main__":
    import sys

    write_schemas(Path(sys.argv[1]))
