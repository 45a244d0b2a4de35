"""For each code that lines of a file can cause: such lines, and how they should be.

A test puts them into a project and validates it: the bad lines cause their code and no other, the good ones nothing.
What stands in `TOLD_IN_WORDS` has no lines that would teach: a file that is missing, too long, or changed by git.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.codes import PROJECT, Example

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLD_IN_WORDS: Final = frozenset(
    {
        "MS001",  # a folder without a project
        "MS409",  # it takes both files
        "MS007",  # a file that may not be read
        "MS008",  # a link that leads out
        "MS100",  # bytes that are no text
        "MS103",  # more than 1 MiB
        "MS128",  # two files
        "MS207",  # depends on when the file was committed
        "MS303",  # more than 1,000 characters
        "MS315",  # more than 10,000 characters
        "MS405",  # more than 1,000 numbers
    }
)

_PROJECT: Final = {
    "MS002": Example("version: 2", "version: 1", PROJECT),
    "MS003": Example("campaigns: [campaign/]", "campaigns: [campaigns/]", PROJECT),
    "MS004": Example("campaigns: [../shared/]", "campaigns: [campaigns/]", PROJECT),
    "MS006": Example(
        "policy: {links: ['https://siamcoffee.example/map']}", "policy: {links: [siamcoffee.example]}", PROJECT
    ),
    "MS009": Example("defaults: {revision: 2}", "defaults: {sender: SiamCoffee}", PROJECT),
    "MS010": Example("api: {base_url: me-sms.com/api/v2}", "api: {base_url: 'https://me-sms.com/api/v2'}", PROJECT),
    "MS011": Example(
        "api: {base_url: 'http://me-sms.com/api/v2'}", "api: {base_url: 'https://me-sms.com/api/v2'}", PROJECT
    ),
    "MS012": Example(
        "state: postgresql://mesms:secret@db.example/mesms", "state: postgresql://mesms@db.example/mesms", PROJECT
    ),
    "MS013": Example("api: {fields: {send.uuid: data.messageId}}", "api: {fields: {send.uuid: messageId}}", PROJECT),
}

_STRUCTURE: Final = {
    "MS101": Example("content: ลดพิเศษ: 20%", 'content: "ลดพิเศษ: 20%"'),
    "MS102": Example("# to be written", 'content: "ลด 20%"'),
    "MS104": Example('content: "ลด\\0 20%"', 'content: "ลด 20%"'),
    "MS105": Example("limits:\n\tparts: 1", "limits:\n  parts: 1"),
    "MS106": Example("labels: &all {team: crm}", "labels: {team: crm}"),
    "MS107": Example("content: !!str 20%", 'content: "20%"'),
    "MS108": Example("<<: {owner: crm@siamcoffee.example}", "owner: crm@siamcoffee.example"),
    "MS109": Example("state: draft\nstate: active", "state: active"),
    "MS110": Example(f"labels: {{team: {'[' * 20}crm{']' * 20}}}", "labels: {team: crm}"),
    "MS111": Example("owner: crm@siamcoffee.example\n---\nname: two", "owner: crm@siamcoffee.example"),
    "MS112": Example("content: {{ percent }} off", 'content: "{{ percent }} off"\nvariables: {percent: 20}'),
    "MS120": Example("ownr: crm@siamcoffee.example", "owner: crm@siamcoffee.example"),
    "MS121": Example("limits: 25000", "limits: {credits: 25000}"),
    "MS122": Example("recipients: [{numbers: [0800000001]}]", 'recipients: [{numbers: ["0800000001"]}]'),
    "MS123": Example("state: active", "sender: SiamCoffee"),
    "MS124": Example("owner:", "owner: crm@siamcoffee.example"),
    "MS125": Example("limits: {credits: 25 000}", "limits: {credits: 25000}"),
    "MS126": Example("class: promotion", "class: marketing"),
    "MS127": Example("name: Songkran VIP", "name: songkran-vip"),
    "MS129": Example("name: one\nmoved_from: one", "name: one\nmoved_from: first"),
    "MS130": Example("sender: SiamCoffeeBKK", "sender: SiamCoffee"),
    "MS131": Example('content: "ลด 20%"\ntemplate_id: 42', 'content: "ลด 20%"'),
    "MS132": Example('content: "ลด 20%"\ntemplate_text: "ลด 20%"', 'template_id: 42\ntemplate_text: "ลด 20%"'),
    "MS133": Example('owner: ""', "owner: crm@siamcoffee.example"),
    "MS134": Example("schedule: {at: now, give_up_after: 2 hours}", "schedule: {at: now, give_up_after: 2h}"),
    "MS135": Example("invalid: {max: 1 in 100}", "invalid: {max: 1%}"),
    "MS136": Example(
        "recipients: [{csv: 'ftp://files.example/vip.csv', phone: mobile}]",
        "recipients: [{csv: 'https://files.example/vip.csv', phone: mobile}]",
    ),
    "MS137": Example(
        'content: "{{ loop }}"\nvariables: {loop: 20}', 'content: "{{ percent }}"\nvariables: {percent: 20}'
    ),
    "MS138": Example("limits: {recipients: {min: 900, max: 100}}", "limits: {recipients: {min: 100, max: 900}}"),
    "MS139": Example(
        "audience: {encrypt_to: [ops@siamcoffee.example]}",
        "audience: {encrypt_to: [age1xplnyl2cah5520yhsq7vm5z5x637l8xsfaa49ap5c4546uycx5lszhmr0z]}",
        PROJECT,
    ),
}

_SCHEDULE: Final = {
    "MS201": Example("schedule: tomorrow 10:00", "schedule: 2037-04-10T10:00"),
    "MS202": Example("schedule: 2580-04-10T10:00", "schedule: 2037-04-10T10:00"),
    "MS203": Example("schedule: 2037-02-29T10:00", "schedule: 2037-02-28T10:00"),
    "MS204": Example(
        "class: transactional\nschedule: {at: 2037-03-29T02:30, timezone: Europe/Berlin}",
        "class: transactional\nschedule: {at: '2037-03-29T02:30+01:00', timezone: Europe/Berlin}",
    ),
    "MS205": Example(
        "schedule: {at: 2037-04-10T10:00, timezone: ICT}", "schedule: {at: 2037-04-10T10:00, timezone: Asia/Bangkok}"
    ),
    "MS206": Example("schedule: 2017-04-10T10:00", "schedule: 2037-04-10T10:00"),
    "MS208": Example("schedule: 2037-04-10T21:30", "schedule: 2037-04-10T10:00"),
    "MS209": Example(
        'schedule: {at: 2037-04-10T10:00, window: "11:00-14:00"}',
        'schedule: {at: 2037-04-10T12:00, window: "11:00-14:00"}',
    ),
    "MS210": Example('schedule: {at: now, window: "9-20"}', 'schedule: {at: now, window: "09:00-20:00"}'),
    "MS211": Example("state: active", "state: active\nschedule: now"),
}

_TEXT: Final = {
    "MS301": Example('content: " "', 'content: "ลด 20%"'),
    "MS302": Example('content: "ลด 20 }}%"', 'content: "ลด 20%"'),
    "MS304": Example(
        'content: "{{ lines }}"\nvariables: {lines: "ลด\\r20%"}',
        'content: "{{ lines }}"\nvariables: {lines: "ลด\\n20%"}',
    ),
    "MS305": Example('content: "ลด {{ percent %"', 'content: "ลด {{ percent }}%"\nvariables: {percent: 20}'),
    "MS306": Example(
        'content: "{{ name.__class__ }}"\nvariables: {name: Nok}', 'content: "{{ name }}"\nvariables: {name: Nok}'
    ),
    "MS307": Example('content: "ลด {{ percent }}%"', 'content: "ลด {{ percent }}%"\nvariables: {percent: 20}'),
    "MS308": Example(
        'content: "ลด {{ percent }}%"\nvariables: {percent: ""}',
        'content: "ลด {{ percent }}%"\nvariables: {percent: 20}',
    ),
    "MS309": Example(
        'content: "ลด 20%"\nvariables: {percent: 20}', 'content: "ลด {{ percent }}%"\nvariables: {percent: 20}'
    ),
    "MS310": Example(
        'content: "{% for n in range(9999) %}ลด {% endfor %}"', 'content: "{% for n in range(3) %}ลด {% endfor %}20%"'
    ),
    "MS311": Example("template: ../templates/sael.txt.j2", "template: ../templates/sale.txt.j2"),
    "MS312": Example("content: |\n  ลด 20%", "content: |-\n  ลด 20%"),
    "MS313": Example("content: ลด 20% #สยามคอฟฟี่", 'content: "ลด 20% #สยามคอฟฟี่"'),
    "MS314": Example('content: "{{ 1 / 0 }}"', 'content: "{{ 1 / 2 }}"'),
    "MS320": Example('content: "น\\u0e4d\\u0e32 20%"', 'content: "นำ 20%"'),
    "MS321": Example('content: "เเจก 20 แก้ว"', 'content: "แจก 20 แก้ว"'),
    "MS322": Example('content: "ลด\\u200b20%"', 'content: "ลด 20%"'),
    "MS323": Example('content: "ลด\\u00a020%"', 'content: "ลด 20%"'),
    "MS324": Example('content: "It’s on us"', 'content: "It\'s on us"'),
    "MS325": Example('content: "ลด 20% ที่ Si\\u0430m"', 'content: "ลด 20% ที่ Siam"'),
    "MS326": Example('content: "ซื้\\u0e49อ 1 แถม 1"', 'content: "ซื้อ 1 แถม 1"'),
}

_RECIPIENTS: Final = {
    "MS401": Example("recipients: []", 'recipients: [{numbers: ["0800000001"]}]'),
    "MS402": Example("recipients: [{phone: mobile}]", "recipients: [{csv: members.csv, phone: mobile}]"),
    "MS403": Example("recipients: [{csv: members.csv}]", "recipients: [{csv: members.csv, phone: mobile}]"),
    "MS406": Example(
        'content: "คุณ {{ name }}"\n'
        "recipients: [{csv: a.csv, phone: p, variables: {name: first_name}}, {contact_group: 1203}]",
        'content: "คุณ {{ name }}"\nrecipients: [{csv: a.csv, phone: p, variables: {name: first_name}}]',
    ),
    "MS407": Example("exclude: [{contact_group: 1203}]", "exclude: [{csv: optout.csv, phone: phone}]"),
    "MS408": Example(
        "name: one\nrecipients: [{delivery: {campaign: one, status: [failed]}}]",
        "name: one\nrecipients: [{delivery: {campaign: first, status: [failed]}}]",
    ),
}

_POLICY: Final = {
    "MS501": Example("policy: {senders: [SiamCofee]}", "policy: {senders: [SiamCoffee]}", PROJECT),
    "MS502": Example(
        "policy: {links: [siamcoffee.example]}\ndefaults: {content: 'siam-coffee.example/map'}",
        "policy: {links: [siamcoffee.example]}\ndefaults: {content: 'siamcoffee.example/map'}",
        PROJECT,
    ),
    "MS503": Example('content: "ลด 20% bit.ly/sale"', 'content: "ลด 20% siamcoffee.example/sale"'),
    "MS504": Example('content: "ลด 20% http://203.0.113.9/sale"', 'content: "ลด 20% siamcoffee.example/sale"'),
    "MS505": Example(f'content: "{"ลดทุกเมนู " * 7}20%"\nlimits: {{parts: 1}}', 'content: "ลด 20%"\nlimits: {parts: 1}'),
    "MS506": Example(
        f"policy: {{max_parts: 1}}\ndefaults:\n  content: {'ลดทุกเมนู ' * 7}20%",
        "policy: {max_parts: 1}\ndefaults:\n  content: ลดทุกเมนู 20%",
        PROJECT,
    ),
}

EXAMPLES: Final[Mapping[str, Example]] = MappingProxyType(
    {**_PROJECT, **_STRUCTURE, **_SCHEDULE, **_TEXT, **_RECIPIENTS, **_POLICY}
)
"""Code -> an example of it."""
