"""What comments on a pull request say, in English and in Thai. Codes, commands and names are the same in both."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Pieces in braces are filled in; what stands between backticks is Markdown already."""

    nouns: Mapping[str, tuple[str, str]]
    money: str
    money_after: str
    balance_unknown: str
    missing: str
    free: str
    estimate: str
    refund: str
    nothing: str
    needs_person: str
    refused: str
    final: str
    offline: str
    fork: str
    failed: str
    failed_without_words: str
    header: tuple[str, ...]
    verbs: Mapping[str, str]
    counts: Mapping[str, str]
    now: str
    until: str
    cannot_undo: str
    preview: str
    masked: str
    changed: str
    audience_moved: str
    truncated: str
    digest: str
    for_commit: str
    expires: str
    next_apply: str
    next_again: str
    next_stop: str
    next_person: str
    next_mend: str
    outdated: str
    outdated_plan: str
    applied: str
    apply_nothing: str
    apply_stale: str
    apply_failed: str
    apply_person: str
    results: Mapping[str, str]
    result_header: tuple[str, ...]
    report_title: str
    report_header: tuple[str, ...]
    issue_title: str
    issue_intro: str
    issue_settled: str
    run: str

    def counted(self, count: int, noun: str) -> str:
        """``1 request``, ``12,480 recipients``, in this language."""
        one, several = self.nouns[noun]
        return (one if count == 1 else several).format(n=f"{count:,}")


ENGLISH: Final = Words(
    nouns=MappingProxyType(
        {
            "credits": ("{n} credit", "{n} credits"),
            "people": ("{n} recipient", "{n} recipients"),
            "requests": ("{n} request", "{n} requests"),
            "campaigns": ("{n} campaign", "{n} campaigns"),
            "waiting": ("{n} campaign needs", "{n} campaigns need"),
            "parts": ("{n} part", "{n} parts"),
            "units": ("{n} character", "{n} characters"),
            "findings": ("{n} finding", "{n} findings"),
        }
    ),
    money="{credits} for {people} in {requests}",
    money_after="balance {before} → {after}",
    balance_unknown="balance not asked",
    missing="balance {before}: {missing} MISSING",
    free="no credits, nobody is texted",
    estimate="estimate",
    refund="{credits} come back",
    nothing="No changes: the account matches the files.",
    needs_person="Nothing to apply: {count} a person.",
    refused="REFUSED: nothing of this would be sent or cancelled.",
    final="CANNOT BE UNDONE: {count}, {people}.",
    offline="Planned offline: costs are estimates, and nothing was checked against ME-SMS. This cannot be approved.",
    fork="From a fork: its own run made these figures, without any key, and nobody checked them. "
    "This cannot be approved.",
    failed="The plan failed (exit code {code}); nothing was sent.",
    failed_without_words="The log of the run says why.",
    header=("campaign", "what", "leaves", "sender", "recipients", "parts", "credits", "can be cancelled"),
    verbs=MappingProxyType(
        {
            "send": "send now",
            "schedule": "schedule",
            "replace": "replace",
            "cancel": "cancel",
            "adopt": "adopt",
            "forget": "forget",
            "keep": "rename",
            "blocked": "BLOCKED",
        }
    ),
    counts=MappingProxyType(
        {
            "send": "{n} to send now",
            "schedule": "{n} to schedule",
            "replace": "{n} to replace",
            "cancel": "{n} to cancel",
            "adopt": "{n} to adopt",
            "forget": "{n} to forget",
            "keep": "{n} unchanged",
            "blocked": "{n} blocked",
        }
    ),
    now="when applied",
    until="until {time}",
    cannot_undo="**no**",
    preview="{parts}, {units} of {encoding}, {people}",
    masked="what lists say of a person is struck out",
    changed="changed",
    audience_moved="audience {moved}",
    truncated="This plan is truncated and cannot be approved: {count} did not fit here. "
    "The summary of the run has all of it; fewer campaigns in one pull request fit.",
    digest="Digest",
    for_commit="for commit {commit}",
    expires="good until {time}",
    next_apply="▶️ To carry it out, have this approved and **merge**: the apply plans again and runs only if it finds "
    "this very digest.",
    next_again="🔁 To plan again, push to this branch, or run this workflow once more.",
    next_stop="🛑 After the merge, <code>mesms-gitops stop NAME</code> cancels what has not left yet.",
    next_person="✋ Blocked campaigns wait for a person; the apply does the rest and ends with exit code 3.",
    next_mend="✏️ Mend what is listed here and push again.",
    outdated="This plan is outdated: it was made for {commit}, and the branch has moved on.",
    outdated_plan="the outdated plan",
    applied="Applied: {done} of {all} done, {credits}.",
    apply_nothing="Nothing was left to do.",
    apply_stale="Not applied; nothing was sent. {why}",
    apply_failed="The apply failed (exit code {code}). What was sent is recorded; running this job again finishes it.",
    apply_person="The apply finished as far as it safely could; a person is needed.",
    results=MappingProxyType(
        {
            "done": "done",
            "failed": "failed",
            "unknown": "UNKNOWN",
            "blocked": "BLOCKED",
            "not_attempted": "not attempted",
        }
    ),
    result_header=("campaign", "what", "result", "credits", "next"),
    report_title="Delivery: {delivered} of {people} delivered, {failed} failed, {unknown} unknown",
    report_header=("campaign", "left", "recipients", "delivered", "failed", "unknown", "credits"),
    issue_title="SMS campaigns in {environment} need a person",
    issue_intro="The account is not as it is recorded, or something waits for a decision. Nothing is sent on a guess.",
    issue_settled="Settled: the account is as recorded, and nothing waits for a person.",
    run="run",
)

THAI: Final = Words(
    nouns=MappingProxyType(
        {
            "credits": ("{n} เครดิต",) * 2,
            "people": ("ผู้รับ {n} คน",) * 2,
            "requests": ("{n} คำขอ",) * 2,
            "campaigns": ("{n} แคมเปญ",) * 2,
            "waiting": ("{n} แคมเปญ",) * 2,
            "parts": ("{n} ส่วน",) * 2,
            "units": ("{n} ตัวอักษร",) * 2,
            "findings": ("ข้อสังเกต {n} ข้อ",) * 2,
        }
    ),
    money="ใช้ {credits} ถึง{people} ใน {requests}",
    money_after="คงเหลือ {before} → {after}",
    balance_unknown="ไม่ได้ตรวจยอดคงเหลือ",
    missing="คงเหลือ {before}: ขาดอีก {missing}",
    free="ไม่ใช้เครดิต ไม่ส่งถึงใคร",
    estimate="ประมาณการ",
    refund="ได้คืน {credits}",
    nothing="ไม่มีการเปลี่ยนแปลง: บัญชีตรงกับไฟล์แล้ว",
    needs_person="ไม่มีอะไรให้ทำ: {count} รอให้คนตัดสินใจ",
    refused="ถูกปฏิเสธ: จะไม่มีการส่งหรือยกเลิกใด ๆ",
    final="ยกเลิกไม่ได้: {count} {people}",
    offline="วางแผนแบบออฟไลน์: เครดิตเป็นประมาณการ และไม่ได้ตรวจกับ ME-SMS จึงใช้อนุมัติไม่ได้",
    fork="มาจาก fork: ตัวเลขมาจากการรันของ fork เอง ไม่ใช้คีย์ และไม่มีใครตรวจสอบ จึงใช้อนุมัติไม่ได้",
    failed="วางแผนไม่สำเร็จ (exit code {code}) ไม่มีการส่งใด ๆ",
    failed_without_words="ดูสาเหตุใน log ของการรัน",
    header=("แคมเปญ", "สิ่งที่จะทำ", "เวลาส่ง", "ผู้ส่ง", "ผู้รับ", "ส่วน", "เครดิต", "ยกเลิกได้"),
    verbs=MappingProxyType(
        {
            "send": "ส่งทันที",
            "schedule": "ตั้งเวลา",
            "replace": "แทนที่",
            "cancel": "ยกเลิก",
            "adopt": "รับเข้าระบบ",
            "forget": "เลิกติดตาม",
            "keep": "เปลี่ยนชื่อ",
            "blocked": "ติดขัด",
        }
    ),
    counts=MappingProxyType(
        {
            "send": "ส่งทันที {n}",
            "schedule": "ตั้งเวลา {n}",
            "replace": "แทนที่ {n}",
            "cancel": "ยกเลิก {n}",
            "adopt": "รับเข้าระบบ {n}",
            "forget": "เลิกติดตาม {n}",
            "keep": "ไม่เปลี่ยน {n}",
            "blocked": "ติดขัด {n}",
        }
    ),
    now="เมื่อ apply",
    until="ถึง {time}",
    cannot_undo="**ไม่ได้**",
    preview="{parts} {units} {encoding} {people}",
    masked="ข้อมูลของแต่ละคนถูกปิดไว้",
    changed="เปลี่ยน",
    audience_moved="ผู้รับ {moved}",
    truncated="แผนนี้แสดงไม่ครบและใช้อนุมัติไม่ได้: อีก {count} ใส่ไม่พอ ดูทั้งหมดได้ในสรุปของการรัน หรือลดจำนวนแคมเปญใน pull request",
    digest="Digest",
    for_commit="สำหรับ commit {commit}",
    expires="ใช้ได้ถึง {time}",
    next_apply="▶️ เมื่ออนุมัติแล้วให้ **merge**: apply จะวางแผนใหม่ และทำเฉพาะเมื่อได้ digest เดียวกันนี้เท่านั้น",
    next_again="🔁 หากต้องการวางแผนใหม่ ให้ push เข้า branch นี้ หรือรัน workflow นี้อีกครั้ง",
    next_stop="🛑 หลัง merge แล้ว <code>mesms-gitops stop NAME</code> ยกเลิกสิ่งที่ยังไม่ได้ส่ง",
    next_person="✋ แคมเปญที่ติดขัดรอให้คนตัดสินใจ ส่วนที่เหลือจะทำต่อ และจบด้วย exit code 3",
    next_mend="✏️ แก้ตามรายการนี้แล้ว push ใหม่",
    outdated="แผนนี้ล้าสมัยแล้ว: ทำไว้สำหรับ {commit} และ branch ได้เปลี่ยนไปแล้ว",
    outdated_plan="แผนเดิม",
    applied="ดำเนินการแล้ว: เสร็จ {done} จาก {all} ใช้ {credits}",
    apply_nothing="ไม่มีอะไรเหลือให้ทำ",
    apply_stale="ไม่ได้ดำเนินการ และไม่มีการส่งใด ๆ: {why}",
    apply_failed="ดำเนินการไม่สำเร็จ (exit code {code}) สิ่งที่ส่งแล้วถูกบันทึกไว้ รันงานนี้อีกครั้งเพื่อทำต่อ",
    apply_person="ทำได้เท่าที่ปลอดภัยแล้ว ที่เหลือรอให้คนตัดสินใจ",
    results=MappingProxyType(
        {
            "done": "เสร็จ",
            "failed": "ไม่สำเร็จ",
            "unknown": "ไม่ทราบผล",
            "blocked": "ติดขัด",
            "not_attempted": "ยังไม่ได้ทำ",
        }
    ),
    result_header=("แคมเปญ", "สิ่งที่ทำ", "ผล", "เครดิต", "ขั้นต่อไป"),
    report_title="ผลการส่ง: ถึง {delivered} จาก {people} ไม่สำเร็จ {failed} ไม่ทราบ {unknown}",
    report_header=("แคมเปญ", "เวลาส่ง", "ผู้รับ", "ถึง", "ไม่สำเร็จ", "ไม่ทราบ", "เครดิต"),
    issue_title="แคมเปญ SMS ใน {environment} รอให้คนตัดสินใจ",
    issue_intro="บัญชีไม่ตรงกับที่บันทึกไว้ หรือมีเรื่องรอการตัดสินใจ ระบบจะไม่ส่งโดยการเดา",
    issue_settled="เรียบร้อยแล้ว: บัญชีตรงกับที่บันทึกไว้ และไม่มีเรื่องรอ",
    run="การรัน",
)

LANGUAGES: Final[Mapping[str, Words]] = MappingProxyType({"en": ENGLISH, "th": THAI})
