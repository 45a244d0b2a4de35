"""The keys of a manifest and of the project file, as pydantic models; the editor's JSON Schema is generated from them.

Every leaf is read by a function of `scalars` from the node of the YAML tree, so pydantic's own coercions never run.
Every key is optional here: what must be there, and what goes with what, depends on other keys and is checked in
``build`` and ``project``, so that one bad value never hides the next problem. The JSON Schema states what it can of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence  # noqa: TC003  (pydantic reads annotations when the class is made)
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, create_model
from pydantic_core import CoreSchema, core_schema

from mesms_gitops.manifests import scalars
from mesms_gitops.manifests.rule_fields import FIELDS
from mesms_gitops.manifests.scalars import Misfit, Moment
from mesms_gitops.manifests.yaml_tree import MappingNode
from mesms_gitops.model.answer_fields import ANSWER_FIELDS
from mesms_gitops.model.campaign import Tolerance, Window
from mesms_gitops.model.holidays import HolidayStance
from mesms_gitops.model.rules import WAIVABLE

MAX_NUMBERS: Final = 1_000
DELIVERY_STATES: Final = ("pending", "success", "failed", "invalid", "blocked", "expired", "timeout")
"""ME-SMS reference, "Per-recipient delivery status"."""
LIST_KINDS: Final = ("csv", "json", "ndjson", "parquet", "xlsx")
SOURCE_KINDS: Final = (*LIST_KINDS, "sql", "table", "numbers", "contact_group", "delivery")

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


_MOST: Final = 999_999_999_999


def _integer(least: int) -> Json:
    words = f"a whole number of {least} or more, without quotes · จำนวนเต็มตั้งแต่ {least} ไม่ต้องใส่เครื่องหมายคำพูด"
    return {"type": "integer", "minimum": least, "maximum": _MOST, "errorMessage": words}


_LOOSE: Json = {
    "type": ["string", "number", "boolean"],
    "errorMessage": "a text or a number; give it a value, or delete the key · ข้อความหรือตัวเลข",
}
_FILLED: Final = _string(
    pattern=r"\S", errorMessage="text, in quotes if it is a number; not empty · ข้อความ ถ้าเป็นตัวเลขให้ใส่เครื่องหมายคำพูด"
)
_NUMBER_WORDS: Final = 'a phone number in quotes, such as "0812345678" · ใส่เบอร์โทรในเครื่องหมายคำพูด เช่น "0812345678"'
_NAME_WORDS: Final = (
    "small letters a-z, digits and dashes, at most 63 · ใช้ a-z 0-9 และ - ไม่เกิน 63 ตัว เช่น songkran-2027-vip"
)
_SENDER_WORDS: Final = (
    "the approved sender: 1 to 11 English letters, digits or symbols · ชื่อผู้ส่งที่อนุมัติ ภาษาอังกฤษไม่เกิน 11 ตัว"
)
_MOMENT: Final = (
    r"^(now|(19[7-9][0-9]|2[0-3][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]"
    r"(:[0-5][0-9])?( ?([Zz]|[+-](0[0-9]|1[0-5]):?[0-5][0-9]))?)$"
)
"""`scalars.moment`, as far as a pattern can say it: days and hours that may exist, years of the Common Era."""
_MOMENT_WORDS: Final = (
    "`now`, or a time such as 2027-04-10T10:00, the year in the Common Era"
    " · เขียน now หรือวันเวลา เช่น 2027-04-10T10:00 (ปี ค.ศ.)"
)
_DURATION_WORDS: Final = (
    "hours, minutes, seconds with their letter, such as 30s, 10m, 1h30m · ระยะเวลา เช่น 30s, 10m, 2h"
)
_WINDOW_WORDS: Final = 'two times of the day in quotes: "09:00-20:00" · ช่วงเวลา เช่น "09:00-20:00"'
_SHARE: Final = r"^(100(\.0{1,6})?|[1-9]?[0-9](\.[0-9]{1,6})?) ?%$"
_SHARE_WORDS: Final = "a share such as 1%, or a count such as 20 · สัดส่วน เช่น 1% หรือจำนวน เช่น 20"
_PLACE: Final = _string(
    pattern=r"^((https|s3|gs|az)://[^/\s]|http://(localhost|127\.0\.0\.1|\[::1\])([:/]|$)|(?![\s\S]*://)[\s\S]*\S)",
    errorMessage="a path relative to this file, or https://, s3://, gs://, az:// · "
    "ตำแหน่งไฟล์เทียบกับไฟล์นี้ หรือที่อยู่ https, s3, gs, az",
)
_PLAIN_DURATION: Final = _string(pattern=scalars.DURATION, minLength=1, errorMessage=_DURATION_WORDS)

Text = Annotated[str, Leaf(scalars.filled_text, _FILLED)]
PlaceText = Annotated[str, Leaf(scalars.filled_text, _PLACE)]
AnyText = Annotated[
    str,
    Leaf(scalars.text, _string(errorMessage="text, in quotes if it is a number · ข้อความ ถ้าเป็นตัวเลขให้ใส่เครื่องหมายคำพูด")),
]
LooseText = Annotated[str, Leaf(scalars.loose_text, _LOOSE)]
QuotedNumber = Annotated[
    str, Leaf(scalars.quoted_number, _string(pattern=r"^[+0-9๐-๙() .-]{9,24}$", errorMessage=_NUMBER_WORDS))
]
CampaignName = Annotated[str, Leaf(scalars.campaign_name, _string(pattern=scalars.NAME, errorMessage=_NAME_WORDS))]
Sender = Annotated[
    str,
    Leaf(scalars.sender, _string(pattern=r"^[!-~]([ -~]{0,9}[!-~])?$", errorMessage=_SENDER_WORDS)),
]
EnvironmentName = Annotated[
    str,
    Leaf(
        scalars.environment_name,
        _string(
            pattern=scalars.IDENTIFIER,
            errorMessage="the name of an environment variable, never the password itself · ชื่อตัวแปรระบบ ไม่ใช่รหัสผ่าน",
        ),
    ),
]
Count = Annotated[int, Leaf(scalars.whole(0), _integer(0))]
Positive = Annotated[int, Leaf(scalars.whole(1), _integer(1))]
PositiveDecimal = Annotated[
    float, Leaf(scalars.positive_decimal, {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1_000_000})
]
Duration = Annotated[timedelta, Leaf(scalars.duration, {"anyOf": [_PLAIN_DURATION, {"const": 0}]})]
PositiveDuration = Annotated[
    timedelta,
    Leaf(
        scalars.positive_duration,
        _string(pattern=f"^(?=.*[1-9]){scalars.DURATION.lstrip('^')}", errorMessage=_DURATION_WORDS),
    ),
]
Days = Annotated[
    timedelta,
    Leaf(
        scalars.days,
        {"anyOf": [_string(pattern=scalars.DAYS, errorMessage="days such as 90d · จำนวนวัน เช่น 90d"), {"const": 0}]},
    ),
]
AgeRecipient = Annotated[
    str,
    Leaf(
        scalars.age_recipient,
        _string(pattern=scalars.AGE_RECIPIENT, errorMessage="a public key of age: age1... · กุญแจสาธารณะของ age"),
    ),
]
WindowText = Annotated[
    Window, Leaf(scalars.window, _string(pattern=scalars.WINDOW, errorMessage=_WINDOW_WORDS, examples=["09:00-20:00"]))
]
ZoneName = Annotated[str, Leaf(scalars.timezone_name, {**_FILLED, "examples": ["Asia/Bangkok"]})]
When = Annotated[
    Moment,
    Leaf(scalars.moment, _string(pattern=_MOMENT, errorMessage=_MOMENT_WORDS, examples=["now", "2027-04-10T10:00"])),
]
Share = Annotated[
    float,
    Leaf(scalars.share, _string(pattern=_SHARE, errorMessage="a share such as 5% · สัดส่วน เช่น 5%")),
]
TolerableShare = Annotated[
    Tolerance,
    Leaf(
        scalars.tolerance,
        {
            "anyOf": [
                _string(pattern=_SHARE, errorMessage=_SHARE_WORDS),
                {"type": "integer", "minimum": 0, "maximum": _MOST, "errorMessage": _SHARE_WORDS},
            ]
        },
    ),
]


def _words(*words: str) -> Leaf:
    return Leaf(scalars.choice(words), _string(enum=list(words)))


State = Annotated[str, _words("active", "draft", "cancelled")]
MessageClassName = Annotated[str, _words("marketing", "transactional")]
DeliveryStateName = Annotated[str, _words(*DELIVERY_STATES)]
EngineName = Annotated[str, _words("local", "spark")]
RuleSeverity = Annotated[str, _words("error", "warning")]
Stance = Annotated[str, _words(*(stance.value for stance in HolidayStance))]


class Keys(BaseModel):
    """A mapping with known keys and no others."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, protected_namespaces=()
    )


# --- recipients -------------------------------------------------------------------------------------------------------

_PHONE = Field(None, description="Column that holds the phone number. · คอลัมน์ที่เก็บเบอร์โทร")
_VARIABLES = Field(
    None, description="Per recipient: the variable and the column it comes from. · ตัวแปรในข้อความ และชื่อคอลัมน์"
)
_WHERE = Field(
    None, description="Keep only rows whose column equals the value, or one of a list. · เลือกเฉพาะแถวที่ตรงเงื่อนไข"
)


def _where_tag(node: object) -> str:
    return "<list>" if isinstance(node, list) else "<value>"


WhereValue = Annotated[
    Annotated[LooseText, Tag("<value>")] | Annotated[list[LooseText], Field(min_length=1), Tag("<list>")],
    Discriminator(_where_tag),
]


_FILLED_MAPPING: Final = Field(json_schema_extra={"minProperties": 1})


class TableKeys(Keys):
    """What every table of recipients takes."""

    phone: Text | None = _PHONE
    variables: dict[str, Text] | None = _VARIABLES
    where: Annotated[dict[str, WhereValue], _FILLED_MAPPING] | None = _WHERE


def _needs(*keys: str, title: str | None = None) -> ConfigDict:
    """``title`` is what an editor offers the whole of it as."""
    return ConfigDict(json_schema_extra={"required": list(keys), **({"title": title} if title else {})})


_LOCATION = (
    "path relative to this file, or https://, s3://, gs://, az://. · ตำแหน่งไฟล์เทียบกับไฟล์นี้ หรือที่อยู่ https, s3, gs, az"
)


class CsvSource(TableKeys):
    """Recipients from a CSV file. · รายชื่อจากไฟล์ CSV"""

    model_config = _needs("csv", "phone", title="a CSV file")
    csv: PlaceText | None = Field(None, description=f"CSV file: {_LOCATION}")


class JsonSource(TableKeys):
    """Recipients from a JSON list of objects. · รายชื่อจากไฟล์ JSON"""

    model_config = _needs("json", "phone", title="a JSON file")
    json_: PlaceText | None = Field(None, alias="json", description=f"JSON file: {_LOCATION}")


class NdjsonSource(TableKeys):
    """Recipients from JSON lines. · รายชื่อจากไฟล์ NDJSON"""

    model_config = _needs("ndjson", "phone", title="a file of JSON lines")
    ndjson: PlaceText | None = Field(None, description=f"NDJSON file: {_LOCATION}")


class ParquetSource(TableKeys):
    """Recipients from a Parquet file. · รายชื่อจากไฟล์ Parquet"""

    model_config = _needs("parquet", "phone", title="a Parquet file")
    parquet: PlaceText | None = Field(None, description=f"Parquet file: {_LOCATION}")


class XlsxSource(TableKeys):
    """Recipients from the first sheet of a workbook. · รายชื่อจากไฟล์ Excel"""

    model_config = _needs("xlsx", "phone", title="an Excel workbook")
    xlsx: PlaceText | None = Field(None, description=f"XLSX file: {_LOCATION}")


class SqlKeys(Keys):
    """A query and where to run it. · คำสั่ง SQL และที่ที่จะรัน"""

    model_config = _needs("url_env", "query_file")
    url_env: EnvironmentName | None = Field(
        None, description="Name of the environment variable that holds the connection string. · ชื่อตัวแปรระบบที่เก็บ DSN"
    )
    query_file: Text | None = Field(None, description="SQL file, relative to this file. · ไฟล์คำสั่ง SQL")


class SqlSource(TableKeys):
    """Recipients from a database query. · รายชื่อจากฐานข้อมูล"""

    model_config = _needs("sql", "phone", title="a database query")
    sql: SqlKeys | None = Field(None, description="The query and its connection. · คำสั่ง SQL และการเชื่อมต่อ")


class TableSource(TableKeys):
    """Recipients from a table of a cluster. · รายชื่อจากตารางบนคลัสเตอร์"""

    model_config = _needs("table", "phone", title="a table of a cluster")
    table: Text | None = Field(
        None,
        description="Name as Spark knows it, such as crm.members; needs `audience: {engine: spark}`. · ชื่อตารางใน Spark",
    )


class NumbersSourceKeys(Keys):
    """Numbers written here. · เบอร์ที่เขียนไว้ในไฟล์นี้"""

    model_config = _needs("numbers", title="numbers written here")
    numbers: list[QuotedNumber] | None = Field(
        None,
        description='Phone numbers, each in quotes: "0812345678"; at most 1,000. · เบอร์โทรในเครื่องหมายคำพูด',
        json_schema_extra={"minItems": 1, "maxItems": MAX_NUMBERS},
    )


class GroupSourceKeys(Keys):
    """A contact group of ME-SMS. · กลุ่มรายชื่อบน ME-SMS"""

    model_config = _needs("contact_group", title="a contact group of ME-SMS")
    contact_group: Positive | None = Field(
        None,
        description="Id of a contact group. ME-SMS resolves it: it cannot be deduplicated or excluded. · รหัสกลุ่มรายชื่อ",
    )


class DeliveryKeys(Keys):
    """Which recipients of which campaign. · ผู้รับกลุ่มใดของแคมเปญใด"""

    model_config = _needs("campaign", "status")
    campaign: CampaignName | None = Field(None, description="Name of an earlier campaign. · ชื่อแคมเปญก่อนหน้า")
    status: list[DeliveryStateName] | None = Field(
        None,
        description="Delivery states to take up again, such as [failed, expired]. · สถานะการส่งที่ต้องการ",
        json_schema_extra={"minItems": 1},
    )
    except_reached_by: list[CampaignName] | None = Field(
        None,
        description="Later campaigns: whoever one of them was delivered to is left out. · ยกเว้นผู้ที่แคมเปญเหล่านี้ส่งถึงแล้ว",
    )


class DeliverySourceKeys(Keys):
    """Recipients of an earlier campaign, by how their delivery ended. · ผู้รับจากแคมเปญก่อน ตามผลการส่ง"""

    model_config = _needs("delivery", title="recipients of an earlier campaign")
    delivery: DeliveryKeys | None = Field(None, description="The earlier campaign and the states. · แคมเปญและสถานะ")


_KINDS: Final = frozenset(SOURCE_KINDS)


def _source_tag(node: object) -> str | None:
    """The kind of source, by the key that says so; None where none or several do: `source_misfit` knows why."""
    kinds = _KINDS.intersection(node) if isinstance(node, MappingNode) else ()
    return f"<{next(iter(kinds))}>" if len(kinds) == 1 else None


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
    | Annotated[TableSource, Tag("<table>")]
    | Annotated[NumbersSourceKeys, Tag("<numbers>")]
    | Annotated[GroupSourceKeys, Tag("<contact_group>")]
    | Annotated[DeliverySourceKeys, Tag("<delivery>")],
    Discriminator(_source_tag),
]

# --- the rest of a manifest -------------------------------------------------------------------------------------------


class ScheduleKeys(Keys):
    """When the messages leave. · กำหนดเวลาส่ง"""

    at: When | None = Field(
        None, description="`now`, a local time such as 2027-04-10T10:00, or one with an offset. · เวลาส่ง (ปี ค.ศ.)"
    )
    timezone: ZoneName | None = Field(None, description="IANA time zone of `at` and `window`. · เขตเวลา")
    window: WindowText | None = Field(
        None, description='Hours of the day in which this campaign may leave, such as "10:00-18:00". · ช่วงเวลาที่ส่งได้'
    )
    give_up_after: PositiveDuration | None = Field(
        None,
        description="How long a `now` that did not go out may be tried again, such as 2h; default 24h."
        " · ถ้า now ส่งไม่สำเร็จ ลองใหม่ได้ไม่เกิน",
    )


def _schedule_tag(node: object) -> str:
    return "<mapping>" if isinstance(node, MappingNode) else "<time>"


ScheduleValue = Annotated[
    Annotated[When, Tag("<time>")] | Annotated[ScheduleKeys, Tag("<mapping>")], Discriminator(_schedule_tag)
]


class InvalidKeys(Keys):
    """How many bad numbers are tolerated. · เบอร์เสียที่ยอมรับได้"""

    max: TolerableShare | None = Field(
        None, description="More bad numbers than this stop the plan: a share (1%) or a count. · เบอร์เสียได้ไม่เกิน"
    )


class RecipientLimits(Keys):
    """How many recipients are plausible. · จำนวนผู้รับที่คาดไว้"""

    model_config = ConfigDict(json_schema_extra={"title": "min and max"})
    min: Count | None = Field(None, description="Fewer recipients than this refuse the plan. · ผู้รับอย่างน้อย")
    max: Count | None = Field(None, description="More recipients than this refuse the plan. · ผู้รับไม่เกิน")


class LimitsKeys(Keys):
    """What this campaign may at most be. · ขีดจำกัดของแคมเปญนี้"""

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
    limits: LimitsKeys | None = Field(None, description="Bounds of this campaign that stop the plan. · ขีดจำกัด")
    owner: Text | None = Field(None, description="Who answers for the campaign; rules can ask for it. · ผู้รับผิดชอบ")
    labels: dict[str, LooseText] | None = Field(None, description="Free labels; rules can ask for them. · ป้ายกำกับ")


NOT_DEFAULTS: Final = ("name", "moved_from", "revision")
"""What makes a manifest this one and no other cannot be shared."""

# --- the project file -------------------------------------------------------------------------------------------------


AnswerName = Annotated[
    str,
    Leaf(
        scalars.answer_name,
        _string(
            pattern=scalars.ANSWER_NAME,
            errorMessage="one name, as it stands in the answer, such as messageId · ชื่อฟิลด์ในคำตอบของ API",
        ),
    ),
]


class _AnswerNames(Keys):
    """How this account names what is read of its answers, where that is not what is expected; `doctor` says what to
    write. · ชื่อฟิลด์ในคำตอบของบัญชีนี้ที่ต่างจากปกติ"""


ApiFieldKeys: Final[type[Keys]] = create_model(
    "ApiFieldKeys",
    __base__=_AnswerNames,
    __doc__=_AnswerNames.__doc__,
    **{  # type: ignore[call-overload]  # fields by name are what create_model takes
        name.replace(".", "_"): (
            AnswerName | None,
            Field(
                None,
                alias=name,
                description=f"`{name.partition('.')[2]}` of a {name.partition('.')[0]} answer: its name there."
                " · ชื่อฟิลด์นี้ในคำตอบ",
            ),
        )
        for name in ANSWER_FIELDS
    },
)


class ApiKeys(Keys):
    """How to reach ME-SMS. · การเชื่อมต่อ ME-SMS"""

    base_url: Text | None = Field(None, description="Default https://me-sms.com/api/v2. · ที่อยู่ API")
    requests_per_second: PositiveDecimal | None = Field(None, description="Default 5. · คำขอต่อวินาที")
    timeout: PositiveDuration | None = Field(
        None, description="How long one answer may take; default 30s. · รอคำตอบนานสุด"
    )
    fields_: ApiFieldKeys | None = Field(
        None,
        alias="fields",
        description="What this account calls a field of its answers, such as send.uuid: messageId. · ชื่อฟิลด์ของบัญชีนี้",
    )


class AudienceKeys(Keys):
    """Where lists are worked on, and what is kept of them. · การประมวลผลและการเก็บรายชื่อ"""

    engine: EngineName | None = Field(None, description="local (default) or spark. · เครื่องที่ประมวลผลรายชื่อ")
    master: Text | None = Field(
        None, description="Which Spark, such as local[4] or yarn; default what its own settings say. · Spark ตัวใด"
    )
    keep: Days | None = Field(
        None,
        description="How long the numbers of each send are kept, outside git; default 90d, 0: not. · ระยะเวลาที่เก็บเบอร์",
    )
    encrypt_to: list[AgeRecipient] | None = Field(
        None, description="Recipients of age to whom they are encrypted; default none. · เข้ารหัสด้วย age ให้ใคร"
    )


class EncryptionKeys(Keys):
    """What is encrypted where it is kept. · การเข้ารหัสสิ่งที่จัดเก็บ"""

    state: list[AgeRecipient] | None = Field(
        None, description="Recipients of age for the state and its backup; default none. · เข้ารหัสสถานะด้วย age ให้ใคร"
    )


class PerCampaignAndApply(Keys):
    """One bound for a campaign, one for all campaigns of an apply. · เพดานต่อแคมเปญ และต่อการ apply หนึ่งครั้ง"""

    model_config = ConfigDict(json_schema_extra={"title": "campaign and apply"})
    campaign: Count | None = Field(None, description="For one campaign. · ต่อหนึ่งแคมเปญ")
    apply: Count | None = Field(None, description="For one apply as a whole. · ต่อการ apply หนึ่งครั้ง")


class WindowsKeys(Keys):
    """Hours by class. · ช่วงเวลาตามประเภทข้อความ"""

    marketing: WindowText | None = Field(None, description='Default "09:00-20:00". · ข้อความการตลาด')
    transactional: WindowText | None = Field(None, description="No window unless set. · ข้อความธุรกรรม")


class HolidaysKeys(Keys):
    """What messages that would leave on a public holiday meet, by class. · วันหยุดราชการ ตามประเภทข้อความ"""

    marketing: Stance | None = Field(
        None, description="warn (default), refuse or allow. · ข้อความการตลาดในวันหยุด: เตือน ปฏิเสธ หรืออนุญาต"
    )
    transactional: Stance | None = Field(
        None, description="warn, refuse or allow (default). · ข้อความธุรกรรมในวันหยุด: เตือน ปฏิเสธ หรืออนุญาต"
    )


class RuleKeys(Keys):
    """A rule about every campaign that would be sent. · กฎของทีมสำหรับทุกแคมเปญที่จะส่ง"""

    model_config = _needs("name", "require", "message")
    name: Text | None = Field(None, description="What waivers call it, such as vip-needs-owner. · ชื่อกฎ")
    when: Text | None = Field(None, description="CEL: which campaigns it is for; default all. · ใช้กับแคมเปญใด")
    require: Text | None = Field(
        None,
        description=f"CEL: what must be true of campaign.{', .'.join(FIELDS)}. · เงื่อนไขที่ต้องเป็นจริง",
    )
    message: Text | None = Field(None, description="What people read where it is broken. · ข้อความเมื่อผิดกฎ")
    severity: RuleSeverity | None = Field(
        None, description="error (default) refuses the plan, warning only says so. · ระดับความรุนแรง"
    )


class WaiverKeys(Keys):
    """One refusal that one campaign is spared for a while. · ข้อยกเว้นชั่วคราวของแคมเปญหนึ่ง"""

    model_config = _needs("rule", "campaign", "reason", "until")
    rule: Text | None = Field(None, description=f"A rule's name, or one of {', '.join(WAIVABLE)}. · กฎที่ยกเว้น")
    campaign: CampaignName | None = Field(None, description="The campaign's name. · ชื่อแคมเปญ")
    reason: Text | None = Field(None, description="Who decided it and why; the plan shows it. · เหตุผล")
    until: Text | None = Field(
        None,
        description="Last day on which it holds, in the project's time zone. · วันสุดท้ายที่มีผล (ปี ค.ศ.)",
        json_schema_extra={"pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    )


class TolerateKeys(Keys):
    """How far a plan may move between its approval and its apply. · ส่วนต่างที่ยอมรับได้หลังอนุมัติ"""

    credits: Share | None = Field(
        None, description="How much dearer it may have become; default 0%, never dearer. · เครดิตเพิ่มได้ไม่เกิน"
    )
    audience: Share | None = Field(
        None,
        description="How many people may have come or gone since the saved plan; default 0%. · ผู้รับเปลี่ยนได้ไม่เกิน",
    )


class PolicyKeys(Keys):
    """What every campaign of this project must keep to. · นโยบายของโครงการ"""

    senders: list[Sender] | None = Field(None, description="Senders that may be used. · ชื่อผู้ส่งที่ใช้ได้")
    windows: WindowsKeys | None = Field(None, description="Local hours in which messages may leave. · ช่วงเวลาที่ส่งได้")
    holidays: HolidaysKeys | None = Field(
        None, description="Messages that would leave on a Thai public holiday, by class. · วันหยุดราชการ"
    )
    links: list[Text] | None = Field(
        None,
        description="Hosts a message may link to (*.host for its subdomains); shorteners always fail. · โดเมนที่ใช้ได้",
    )
    max_parts: Positive | None = Field(None, description="Most SMS parts of any message. · จำนวนส่วนสูงสุด")
    max_recipients: PerCampaignAndApply | None = Field(None, description="Most recipients. · ผู้รับสูงสุด")
    max_credits: PerCampaignAndApply | None = Field(None, description="Most credits. · เครดิตสูงสุด")
    min_balance_after: Count | None = Field(None, description="Credits that must remain. · เครดิตที่ต้องเหลือ")
    max_audience_change: Share | None = Field(
        None,
        description="Most people that may have come and gone since it was last scheduled or planned. · ผู้รับเปลี่ยนได้ไม่เกิน",
    )
    tolerate: TolerateKeys | None = Field(
        None, description="How far a plan may move between approval and apply. · ส่วนต่างหลังอนุมัติ"
    )
    rules: list[RuleKeys] | None = Field(
        None, description="Rules of your own, in CEL, about every campaign that would be sent. · กฎของทีม (CEL)"
    )
    waivers: list[WaiverKeys] | None = Field(
        None, description="What one campaign is spared, why, and until when. · ข้อยกเว้นชั่วคราว"
    )


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
        None, description="Folders or globs; every `*.yaml` / `*.yml` below is one campaign. · โฟลเดอร์ของแคมเปญ"
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
    audience: AudienceKeys | None = Field(
        None, description="Where lists are worked on, and what is kept. · การประมวลผลและการเก็บรายชื่อ"
    )
    encryption: EncryptionKeys | None = Field(
        None, description="What is encrypted where it is kept. · การเข้ารหัสสิ่งที่จัดเก็บ"
    )
    policy: PolicyKeys | None = Field(None, description="What every campaign must keep to. · นโยบาย")


_MODELS: Final[dict[str, type[Keys]]] = {
    "sql": SqlKeys,
    "delivery": DeliveryKeys,
    "schedule": ScheduleKeys,
    "invalid": InvalidKeys,
    "recipients": RecipientLimits,  # the mapping under `limits`; the list of sources has numbers in its path
    "limits": LimitsKeys,
    "api": ApiKeys,
    "fields": ApiFieldKeys,
    "audience": AudienceKeys,
    "encryption": EncryptionKeys,
    "max_recipients": PerCampaignAndApply,
    "max_credits": PerCampaignAndApply,
    "windows": WindowsKeys,
    "holidays": HolidaysKeys,
    "policy": PolicyKeys,
    "tolerate": TolerateKeys,
    "rules": RuleKeys,
    "waivers": WaiverKeys,
    "defaults": DefaultsKeys,
}
_SOURCE_MODELS: Final[dict[str | None, type[Keys]]] = {
    "<csv>": CsvSource,
    "<json>": JsonSource,
    "<ndjson>": NdjsonSource,
    "<parquet>": ParquetSource,
    "<xlsx>": XlsxSource,
    "<sql>": SqlSource,
    "<table>": TableSource,
    "<numbers>": NumbersSourceKeys,
    "<contact_group>": GroupSourceKeys,
    "<delivery>": DeliverySourceKeys,
}


def known_keys(path: Sequence[object], node: object, model: type[Keys]) -> list[str]:
    """The keys that may stand in ``node``, which is at ``path`` of a file of ``model``."""
    if path and path[0] == "policy" and isinstance(path[-1], int):
        found = _MODELS.get(str(path[-2]))
    elif path and isinstance(path[-1], int):
        found = _SOURCE_MODELS.get(_source_tag(node))
    else:
        found = _MODELS.get(str(path[-1])) if path else model
    return [] if found is None else [field.alias or name for name, field in found.model_fields.items()]


# --- for editors ------------------------------------------------------------------------------------------------------

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: str) -> str:
    """The JSON Schema (draft 2020-12) of a ``campaign`` or of the ``project`` file, as text; always the same text."""
    model, extra = _SCHEMAS[kind]
    made = _tidy(model.model_json_schema(mode="validation"))
    head = {"$schema": _DIALECT, "$id": f"{_HOME}/{kind}.schema.json", "title": f"mesms-gitops {kind}"}
    whole = {**head, **{key: made[key] for key in made if key != "title"}}
    return json.dumps({**whole, **extra}, indent=2, ensure_ascii=False) + "\n"


_HOME: Final = "https://raw.githubusercontent.com/mesms-gitops/mesms-gitops/main/schemas"


def _not_beside(words: str, *keys: str) -> Json:
    """A schema in which none of ``keys`` may stand: an editor underlines the key itself."""
    return {"properties": dict.fromkeys(keys, False), "errorMessage": words}


_ONE_MESSAGE: Final = "keep one of content, template and template_id · เลือกอย่างเดียว: content, template หรือ template_id"
_EXCLUSIVE: Final[Json] = {
    "dependentSchemas": {
        "content": _not_beside(_ONE_MESSAGE, "template", "template_id"),
        "template": _not_beside(_ONE_MESSAGE, "template_id"),
        "template_text": _not_beside(
            "template_text is the copy of a saved template: write template_id · template_text ใช้คู่กับ template_id",
            "content",
            "template",
        ),
    }
}
"""What may not stand together. What must be there is not said: it may come from ``defaults`` in mesms.yaml."""
_NEW_CAMPAIGN: Final[Json] = {
    "defaultSnippets": [
        {
            "label": "campaign",
            "description": "A new campaign · แคมเปญใหม่",
            "body": {
                "name": "${1:songkran-2027-vip}",
                "state": "draft",
                "class": "marketing",
                "sender": "${2:SiamCoffee}",
                "content": '"${3:สวัสดีคุณ {{ name \\}\\}}"',
                "recipients": [
                    {
                        "csv": "${4:../lists/members.csv}",
                        "phone": "${5:mobile}",
                        "variables": {"name": "${6:first_name}"},
                    }
                ],
                "schedule": "${7:2027-04-10T10:00}",
            },
        }
    ]
}
"""What an editor offers in an empty file."""

_SCHEMAS: Final[dict[str, tuple[type[Keys], Json]]] = {
    "campaign": (ManifestKeys, {**_EXCLUSIVE, **_NEW_CAMPAIGN}),
    "project": (ProjectKeys, {"required": ["version"]}),
}


def _tidy(schema: Any) -> Any:
    """Without what says nothing to an author: generated titles, and "or null" where a key may simply be left out."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _tidy(value) for key, value in schema.items()}
    if isinstance(tidy.get("title"), str) and _is_schema(tidy):
        tidy["title"] = _title(tidy["title"])
        if not tidy["title"]:
            del tidy["title"]
    if isinstance(tidy.get("description"), str):
        tidy["markdownDescription"] = tidy["description"].replace(" · ", "\n\n")
    return _without_null(tidy)


def _title(made: str) -> str:
    """Ours as they are; of those pydantic makes, a model's, which an editor shows where something else stands."""
    if made[:1].islower():
        return made
    keys = re.fullmatch(r"([A-Z][a-z]+)(?:Source)?Keys", made)
    return f"keys of {keys[1].lower()}" if keys else ""


def _is_schema(found: Json) -> bool:
    return "type" in found or "anyOf" in found or "$ref" in found


def _without_null(tidy: Json) -> Json:
    options = tidy.get("anyOf")
    if not options or {"type": "null"} not in options:
        return tidy
    rest = [option for option in options if option != {"type": "null"}]
    above = {key: value for key, value in tidy.items() if key not in ("anyOf", "default")}
    return {**(rest[0] if len(rest) == 1 else {"anyOf": rest}), **above}


def write_schemas(folder: Path) -> None:
    """Write the schema of each kind into ``folder``, where editors and the wheel take them from."""
    for kind in _SCHEMAS:
        (folder / f"{kind}.schema.json").write_text(json_schema(kind), encoding="utf-8")


if __name__ == "__main__":
    import sys

    write_schemas(Path(sys.argv[1]))
