"""Copies of images and builds: encrypted, readable with their key only, one for each service."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.control.operations.workload import ServiceRevision, WorkloadFailed
from simulator.fleet.docker.engine import Image
from simulator.platform.stored_copies.stored_copies import StoredCopies
from tests.fleet.registries.fake_engine import FakeEngine
from tests.platform.stored_copies.fake_keys import KEY, FakeKeys
from tests.platform.test_registry_images import revision

PLAIN = b"the layers of the image " * 100_000


def with_key(version: str = "", name: str = "a") -> ServiceRevision:
    arn = f"arn:aws:apprunner:us-east-1:123456789012:service/shop/{name * 32}"
    return replace(revision(version=version), service_arn=arn, kms_key=KEY)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def test_an_image_is_loaded_from_its_encrypted_copy(tmp_path: Path) -> None:
    keys, engine = FakeKeys(), FakeEngine(packed={"sha256:1": PLAIN})
    copies = StoredCopies(tmp_path / "copies", keys.as_service())
    await copies.keep_image(with_key(), "v1", engine.as_engine(), Image("sha256:1", 5))
    [file] = files(tmp_path)
    assert b"the layers" not in file.read_bytes()
    assert len(PLAIN) < file.stat().st_size < len(PLAIN) + 1000
    assert copies.image_id(with_key("v1")) == "sha256:1"
    assert copies.image_id(with_key("v2")) is None
    found = await copies.load_image(with_key("v1"), engine.as_engine())
    assert found is not None
    assert (found.name, engine.loaded) == ("sha256:1", [PLAIN])
    assert await copies.load_image(with_key("v1", "b"), engine.as_engine()) is None


async def test_without_its_key_a_copy_is_neither_written_nor_read(tmp_path: Path) -> None:
    keys, engine = FakeKeys(), FakeEngine(packed={"sha256:1": PLAIN})
    copies = StoredCopies(tmp_path / "copies", keys.as_service())
    await copies.keep_image(with_key(), "v1", engine.as_engine(), Image("sha256:1", 5))
    keys.disabled = True
    message = f"^The KMS key {KEY} cannot be used: its state is Disabled.$"
    with pytest.raises(WorkloadFailed, match=message) as caught:
        await copies.load_image(with_key("v1"), engine.as_engine())
    assert caught.value.lines == (caught.value.reason,)
    with pytest.raises(WorkloadFailed, match=message):
        await copies.keep_image(with_key(), "v2", engine.as_engine(), Image("sha256:1", 5))
    with pytest.raises(WorkloadFailed, match=message):
        await copies.check(with_key())
    assert engine.loaded == []


async def test_a_damaged_copy_is_named(tmp_path: Path) -> None:
    engine = FakeEngine(packed={"sha256:1": PLAIN})
    copies = StoredCopies(tmp_path / "copies", FakeKeys().as_service())
    await copies.keep_image(with_key(), "v1", engine.as_engine(), Image("sha256:1", 5))
    [file] = files(tmp_path)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(WorkloadFailed, match=r"The stored copy cannot be used: .* was changed, or is not complete"):
        await copies.load_image(with_key("v1"), engine.as_engine())


async def test_a_folder_is_restored_unchanged(tmp_path: Path) -> None:
    keys, place = FakeKeys(), tmp_path / "kept" / "key.owner"
    (place / "root" / "app").mkdir(parents=True)
    (place / "root" / "app" / "run.sh").write_text("#!/bin/sh\n")
    (place / "root" / "app" / "run.sh").chmod(0o755)
    (place / "root" / "link").symlink_to("app/run.sh")
    copies = StoredCopies(tmp_path / "copies", keys.as_service())
    await copies.keep_folder(with_key(), "commit", place)
    keys.disabled = True
    await copies.restore_folder(with_key("commit"))  # the folder exists
    place.rename(tmp_path / "gone")
    with pytest.raises(WorkloadFailed, match="cannot be used"):
        await copies.restore_folder(with_key("commit"))
    assert not place.exists()
    keys.disabled = False
    await copies.restore_folder(with_key("commit"))
    assert (place / "root" / "link").read_text() == "#!/bin/sh\n"
    assert (place / "root" / "app" / "run.sh").stat().st_mode & 0o777 == 0o755


async def test_another_build_of_the_same_commit_replaces_the_copy(tmp_path: Path) -> None:
    copies = StoredCopies(tmp_path / "copies", FakeKeys().as_service())
    for name in ("one", "two", "two"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "which").write_text(name)
        await copies.keep_folder(with_key(), "commit", tmp_path / name)
    (tmp_path / "two").rename(tmp_path / "gone")
    await copies.restore_folder(with_key("commit"))
    assert (tmp_path / "two" / "which").read_text() == "two"


async def test_a_service_keeps_the_copy_of_what_serves_and_none_when_it_is_deleted(tmp_path: Path) -> None:
    engine, keys = FakeEngine(packed={"sha256:1": b"one", "sha256:2": b"two"}), FakeKeys()
    copies = StoredCopies(tmp_path / "copies", keys.as_service())
    await copies.keep_image(with_key(), "v1", engine.as_engine(), Image("sha256:1", 5))
    copies.serves(with_key())
    await copies.keep_image(with_key(), "v2", engine.as_engine(), Image("sha256:2", 5))
    assert len(files(tmp_path)) == 2
    copies.serves(with_key("v1"))  # the deployment failed, and the old version is resumed
    assert [copies.has(with_key(version)) for version in ("v1", "v2")] == [True, False]
    asked = len(keys.asked)
    await copies.keep_image(with_key(), "v2", engine.as_engine(), Image("sha256:2", 5))
    await copies.keep_image(with_key(), "v2", engine.as_engine(), Image("sha256:2", 5))
    assert keys.asked[asked:] == ["check", "new"], "the same image is encrypted once"
    copies.serves(with_key())
    assert [copies.has(with_key(version)) for version in ("v1", "v2")] == [False, True]
    copies.forget(with_key().service_arn)
    assert files(tmp_path) == []


async def test_a_service_without_a_key_has_no_copy(tmp_path: Path) -> None:
    keys = FakeKeys()
    copies, plain = StoredCopies(tmp_path / "copies", keys.as_service()), replace(with_key("v1"), kms_key=None)
    await copies.check(plain)
    await copies.keep_image(plain, "v1", FakeEngine().as_engine(), Image("sha256:1", 5))
    await copies.keep_folder(plain, "v1", tmp_path)
    await copies.restore_folder(plain)
    copies.serves(plain)
    assert (keys.asked, files(tmp_path), copies.has(plain)) == ([], [], False)
