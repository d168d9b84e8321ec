"""Erasure, backup and restore by command."""

import json
from pathlib import Path

import pytest

from guanxi.app import Workspace, care, import_files, sources
from guanxi.core import NotFound, SettingError


@pytest.fixture
def filled(workspace: Workspace, export: Path) -> Workspace:
    import_files(workspace, sources.choose(export))
    return workspace


def person_of(workspace: Workspace) -> str:
    return next(event.roles["actor"] for event in workspace.reader.read(kind="Order Completed"))


def files_with(folder: Path, text: str) -> list[str]:
    return [file.name for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


def test_a_preview_changes_nothing_and_names_what_the_law_keeps(filled: Workspace) -> None:
    before = list(filled.reader.read())
    told = care.erase(filled, [person_of(filled)], reason="asked", send=False, who="test")
    assert (told.done, told.deleted, told.restricted) == (False, 0, sum(told.kinds.values()))
    assert list(filled.reader.read()) == before
    with pytest.raises(NotFound):
        care.erase(filled, ["account:jd:nobody"], reason="asked", send=True, who="test")


def test_an_erased_person_is_in_no_file_and_does_not_come_back_by_the_same_export(
    filled: Workspace, export: Path
) -> None:
    person = person_of(filled)
    key = person.rsplit(":", 1)[1]
    assert files_with(filled.folder, key)
    done = care.erase(filled, [person], reason="asked", send=True, who="test")
    assert done.done
    assert done.restricted > 0
    assert files_with(filled.folder, key) == []
    count = sum(1 for _ in filled.reader.read())
    again = import_files(filled, sources.choose(export))
    assert again.stored == 0
    assert person not in {ref for event in filled.reader.read() for ref in event.roles.values()}
    assert sum(1 for _ in filled.reader.read()) == count


def test_a_backup_restores_to_the_same_log(filled: Workspace, tmp_path: Path) -> None:
    care.backup(filled, tmp_path / "copy")
    with pytest.raises(SettingError, match="holds no vault"):
        care.restore(tmp_path / "copy", tmp_path / "new")
    care.restore(tmp_path / "copy", tmp_path / "new", key=filled.folder / "vault.key")
    with Workspace.open(tmp_path / "new") as restored:
        assert list(restored.reader.read()) == list(filled.reader.read())
        assert restored.vault.parked.counts() == filled.vault.parked.counts()
        verbs = [operation.verb for operation in restored.control.operations()]
    assert "workspace.restore" in verbs
    assert json.loads((tmp_path / "copy" / "manifest.json").read_text("utf-8"))["last_seq"] > 0
    with pytest.raises(SettingError, match="empty folder"):
        care.restore(tmp_path / "copy", tmp_path / "new", key=filled.folder / "vault.key")
