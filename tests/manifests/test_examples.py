"""The examples are campaigns a shop could send, and nothing is to be said against them."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesms_gitops.manifests.load import load_campaigns
from mesms_gitops.manifests.project import load_project
from mesms_gitops.model.campaign import ListSource, LocalTemplate, MessageClass

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
THAI_DIGITS = {ord("๐") + digit: str(digit) for digit in range(10)}


@pytest.fixture(scope="module")
def loaded():
    return load_campaigns(load_project(EXAMPLES / "mesms.yaml"), now=datetime(2027, 3, 1, tzinfo=UTC))


def test_nothing_is_to_be_said(loaded):
    assert loaded.diagnostics == ()
    assert loaded.files == len(loaded.campaigns) == len(list((EXAMPLES / "campaigns").iterdir()))


def test_each_file_is_named_after_its_campaign(loaded):
    assert [Path(campaign.file).stem for campaign in loaded.campaigns] == [
        campaign.name for campaign in loaded.campaigns
    ]


def test_their_lists_are_there_and_have_the_columns(loaded):
    for campaign in loaded.campaigns:
        for source in (*campaign.sources, *campaign.exclude):
            if isinstance(source, ListSource):
                header = Path(source.location).read_text(encoding="utf-8").splitlines()[0].split(",")
                assert {source.phone, *source.variables.values(), *source.where} <= set(header)


def test_the_index_has_a_line_for_each(loaded):
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"^\| \[([a-z0-9-]+)\]\(campaigns/\1\.yaml\) \| .+ \|$", index, re.MULTILINE)
    assert linked == sorted(campaign.name for campaign in loaded.campaigns)


def test_each_says_first_what_it_teaches(loaded):
    """One to three lines of comment under the line for the editor."""
    for campaign in loaded.campaigns:
        first, *rest = (EXAMPLES / campaign.file).read_text(encoding="utf-8").splitlines()
        assert first == "# yaml-language-server: $schema=../../schemas/campaign.schema.json"
        comment = list(itertools.takewhile(lambda line: line.startswith("# "), rest))
        assert 1 <= len(comment) <= 3
        assert comment[-1].endswith(".")
        assert rest[len(comment)] == f"name: {campaign.name}"


def test_every_offer_in_thai_or_english_says_how_to_refuse_the_next(loaded):
    """Computer Crime Act, section 11: advertising without an easy way to refuse it is an offence.

    The birthday text is saved on ME-SMS, where the sandbox gives it.
    """
    for campaign in loaded.campaigns:
        if campaign.message_class is MessageClass.MARKETING and isinstance(campaign.body, LocalTemplate):
            assert "siamcoffee.example/off" in campaign.body.source, campaign.name


def test_they_hold_no_number_that_could_be_somebodys():
    for file in EXAMPLES.rglob("*"):
        if file.is_file():
            digits = re.sub(r"[ ()-]", "", file.read_text(encoding="utf-8").translate(THAI_DIGITS))
            digits = re.sub(r"\b[0-9a-f]{40}\b", "", digits)  # commits that workflows pin
            for number in re.findall(r"(?:66|0)\d{9}", digits):
                assert re.fullmatch(r"(66|0)8000000\d\d", number), f"{number} in {file.name}"
