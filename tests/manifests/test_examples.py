"""The examples are campaigns a shop could send, and nothing is to be said against them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesms_gitops.manifests.load import load_campaigns
from mesms_gitops.manifests.project import load_project
from mesms_gitops.manifests.templates import compile_template, render_saved
from mesms_gitops.model.campaign import ListSource, LocalTemplate
from mesms_gitops.planning.parts import count

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


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


def test_their_texts_can_be_made(loaded):
    for campaign in loaded.campaigns:
        values = {"name": "สมมติ", "order": "A-1001", "branch": "สีลม", "locker": "7", **campaign.variables}
        body = campaign.body
        text = (
            compile_template(body).render(values)
            if isinstance(body, LocalTemplate)
            else render_saved(body.text, values)
        )
        assert count(text).parts <= 3


def test_they_hold_no_number_that_could_be_somebodys():
    for file in EXAMPLES.rglob("*"):
        if file.is_file():
            digits = re.sub(r"[ ()-]", "", file.read_text(encoding="utf-8"))
            for number in re.findall(r"(?:\+66|0)\d{9}\b|\+66\d{9}", digits):
                assert re.fullmatch(r"(\+66|0)80000\d{4}", number), f"{number} in {file.name}"
