"""What `state:` may name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from mesms_gitops.errors import ConfigError
from mesms_gitops.store.file import FileStore
from mesms_gitops.store.git_store import GitStore
from mesms_gitops.store.lineage import first_lineage
from mesms_gitops.store.object_store import ObjectStore
from mesms_gitops.store.open import open_store
from mesms_gitops.store.sql_store import SqlStore

if TYPE_CHECKING:
    from pathlib import Path


def silent(_note: str) -> None:
    pass


@pytest.mark.parametrize("location", [".mesms/state.json", "state.json", "../shared/state.json", "git/x", "s3/x"])
def test_a_path_is_relative_to_the_project(tmp_path: Path, location: str) -> None:
    """Not to the folder in which somebody happens to stand."""
    store = open_store(location, tmp_path, silent)
    assert isinstance(store, FileStore)
    assert store.path == tmp_path / location
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("location", ["s3://b/k.json", "gs://b/k", "az://b/folder/k"])
def test_a_bucket_is_not_asked_when_it_is_named(tmp_path: Path, location: str) -> None:
    """No request is made and no credential looked for before something is asked."""
    assert isinstance(open_store(location, tmp_path, silent), ObjectStore)
    assert list(tmp_path.iterdir()) == []


def test_an_absolute_path_is_kept(tmp_path: Path) -> None:
    """An absolute path is what it says."""
    assert open_store(str(tmp_path / "s.json"), tmp_path / "elsewhere", silent).path == tmp_path / "s.json"


@pytest.mark.parametrize("location", ["git:mesms-state", "git:mesms-state@upstream", "git:a/b@https://h/x.git"])
def test_a_repository_is_not_touched_when_it_is_named(tmp_path: Path, location: str) -> None:
    """git is asked nothing before something is read or written."""
    assert isinstance(open_store(location, tmp_path, silent), GitStore)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("location", ["postgresql://h/d", "postgres://h/d?state=x", "sqlite:///x", "sqlite:////x/y"])
def test_a_database_is_not_touched_when_it_is_named(tmp_path: Path, location: str) -> None:
    """No connection is made and no file written before something is asked."""
    assert isinstance(open_store(location, tmp_path, silent), SqlStore)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("~/state.json", "~ is not expanded"),
        (".mesms/", "a folder"),
        (".", "a folder"),
        ("a/..", "a folder"),
        ("a\0b", "control character"),
    ],
)
def test_what_names_no_store(tmp_path: Path, location: str, why: str) -> None:
    """Each has its reason and the next step."""
    with pytest.raises(ConfigError, match="names no file") as caught:
        open_store(location, tmp_path, silent)
    assert why in caught.value.why
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("redis://h/0", "no backend has the scheme redis://"),
        ("https://h/state.json", "no backend has the scheme https://"),
        ("mysql://me:hunter2@h/shop", "recipients can be read from MySQL, but it is not a state backend"),
        ("MySQL+pymysql://h/shop", "recipients can be read from MySQL, but it is not a state backend"),
        ("mariadb://h/shop", "recipients can be read from MySQL, but it is not a state backend"),
        ("mysql://me:hunter2/hunter2@h/x", "recipients can be read from MySQL, but it is not a state backend"),
        ("host=127.0.0.1 dbname=x password=hunter2", "settings of a connection are no address, and no path"),
        ("GIT:mesms-state", "GIT: is written git:"),
        ("S3://hunter2:hunter2/hunter2@b/x", "S3: is written s3:"),
        ("Postgresql://u:hunter2@hunter2@h/d", "Postgresql: is written postgresql:"),
        ("s3:bucket/key", "s3: is followed by // in an address"),
        ("sqlite:.mesms/state.db", "sqlite: is followed by // in an address"),
        ("file:.mesms/state.json", "no backend has the scheme file:"),
    ],
)
def test_what_names_no_backend(tmp_path: Path, location: str, why: str) -> None:
    """It says which there are, and where one is named."""
    with pytest.raises(ConfigError, match="names no backend") as caught:
        open_store(location, tmp_path, silent)
    assert caught.value.why == why
    for one in (".mesms/state.json", "git:", "s3://", "gs://", "az://", "postgresql://", "sqlite:///", "MESMS_STATE"):
        assert one in caught.value.next_step
    assert "hunter2" not in caught.value.where


@pytest.mark.parametrize(
    "location",
    [
        "git:HEAD",
        "git:mesms-state@https://me:hunter2@h.example/x.git",
        "sqlite:///:memory:",
        "sqlite:///a.db?state=a&state=b",
        "postgresql://h/x?state=a&state=b",
    ],
)
def test_what_an_address_cannot_say(tmp_path: Path, location: str) -> None:
    """A name that means something else, a password, a state that nobody keeps, two names at once."""
    with pytest.raises(ConfigError) as caught:
        open_store(location, tmp_path, silent)
    assert "hunter2" not in f"{caught.value.where}{caught.value.why}{caught.value.next_step}"


@pytest.mark.parametrize("location", ["./GIT:x.json", "C:/state.json", "a b/state=1.json"])
def test_a_path_is_a_path(tmp_path: Path, location: str) -> None:
    """However odd."""
    assert isinstance(open_store(location, tmp_path, silent), FileStore)


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    """A connection string in an error does not carry its password."""
    with pytest.raises(ConfigError) as caught:
        open_store("postgresql://me:hunter2@db.example/x", tmp_path, silent)
    assert "hunter2" not in caught.value.where
    assert "db.example" in caught.value.where


def test_the_first_lineage_is_the_same_everywhere() -> None:
    """The same project file gives the same lineage, another one another, in the form of a UUID."""
    first = first_lineage("sha256:0001")
    assert first == first_lineage("sha256:0001") == "1576e410-675d-58b5-880a-79e073b821ff"
    assert first != first_lineage("sha256:0002")
    assert str(UUID(first)) == first
    assert re.fullmatch(r"[0-9a-f-]{36}", first)
