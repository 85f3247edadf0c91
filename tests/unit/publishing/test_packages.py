"""Packages: the same files give the same bytes; whatever is wrong with one is told and taken apart from."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.problems import errors
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing import archives
from headrace.platform.publishing.archives import read_archive, write_archive
from headrace.platform.publishing.folders import (
    manifest_of,
    missing_modules,
    read_modules,
    read_source,
)
from headrace.platform.publishing.packages import manifest_text, verify_package
from headrace.platform.publishing.sources import archive_source, open_source

TYPES = built_in()
USER_ID = "01946a76-7c2e-7d7e-8000-00000000beef"
Files = dict[str, bytes]


def as_json(content: Any) -> bytes:
    return json.dumps(content).encode()


def module(name: str, **keys: Any) -> dict[str, Any]:
    label = {"en": name, "zh": name}
    return {"kind": "module", "name": name, "version": "1.2.0", "label": label, **keys}


def role(name: str) -> dict[str, Any]:
    return {"kind": "role", "name": name, "label": {"en": name, "zh": name}}


def package(**modules: dict[str, Any]) -> Files:
    """Files of a package: each module given by its documents by path."""
    installed = {name: documents["module.json"] for name, documents in modules.items()}
    installed.setdefault("base", module("base"))
    by_module = {
        name: [(path, as_json(content)) for path, content in documents.items()]
        for name, documents in modules.items()
    }
    files = {f"{name}/{path}": data for name, many in by_module.items() for path, data in many}
    return {**files, "package.json": manifest_text(by_module, installed)}


def claims(**keys: Any) -> dict[str, Any]:
    return {"module.json": module("claims", **keys), "roles/clerk.json": role("clerk")}


def codes(files: Files) -> list[tuple[str, str]]:
    source = archive_source(write_archive(files.items()))
    read = read_source(source, TYPES)
    problems = (*read.problems, *missing_modules(read, {}))
    return [(problem.code, problem.path) for problem in errors(problems)]


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], **keys: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **keys) as archive:
        for entry, data in entries:
            archive.writestr(entry, data)
    return out.getvalue()


def refusals(data: bytes) -> list[str]:
    files, problems = read_archive(data)
    assert not (files and problems)
    return [problem.code for problem in problems]


def test_the_same_files_give_the_same_bytes_in_any_order() -> None:
    files = package(claims=claims())
    assert write_archive(files.items()) == write_archive(reversed(files.items()))
    assert read_archive(write_archive(files.items())) == (files, ())


def test_a_sound_package_has_no_problem() -> None:
    assert codes(package(claims=claims())) == []


def test_a_newer_format_is_refused() -> None:
    files = package(claims=claims())
    manifest = {**json.loads(files["package.json"]), "format": 2, "novelty": 1}
    found = codes({**files, "package.json": as_json(manifest)})
    assert found == [("package.version", "/package.json/format")]


def test_a_manifest_is_closed() -> None:
    files = package(claims=claims())
    manifest = {**json.loads(files["package.json"]), "novelty": 1}
    found = codes({**files, "package.json": as_json(manifest)})
    assert found == [("schema.unknown_field", "/package.json/novelty")]


def test_a_missing_dependency_is_named_by_package_and_module() -> None:
    found = codes(package(claims=claims(requires=["base"])))
    assert found == [
        ("module.missing", "/claims/module.json/requires/0"),
        ("package.dependency", "/package.json/requires/base"),
    ]


@pytest.mark.parametrize(
    ("installed", "refused"), [("1.1.9", True), ("1.2.0", False), ("1.10.0", False)]
)
def test_a_dependency_may_be_newer_and_not_older(installed: str, refused: bool) -> None:
    source = archive_source(write_archive(package(claims=claims(requires=["base"])).items()))
    base = package(base={"module.json": module("base", version=installed)})
    there = read_source(archive_source(write_archive(base.items())), TYPES).documents[0]
    found = missing_modules(read_source(source, TYPES), {"base": manifest_of(there, TYPES)})
    assert [problem.code for problem in found] == (["package.dependency"] if refused else [])


def test_one_definition_in_two_modules_is_refused() -> None:
    other = {"module.json": module("other"), "roles/clerk.json": role("clerk")}
    found = codes(package(claims=claims(), other=other))
    assert found == [("package.duplicate", "/other/roles/clerk.json")]


def test_a_file_twice_in_the_zip_is_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped(("claims/module.json", b"{}"), ("claims/module.json", b"[]"))
    assert refusals(data) == ["package.duplicate"]
    assert refusals(zipped(("a/b.json", b"1"), ("A/B.json", b"1"))) == ["package.duplicate"]


def test_changed_files_are_refused_in_a_package() -> None:
    files = package(claims=claims())
    files["claims/roles/clerk.json"] += b" "
    assert codes(files) == [("package.checksum", "/package.json/modules/claims/checksum")]
    del files["claims/roles/clerk.json"]
    assert codes(files) == [("package.checksum", "/package.json/modules/claims/checksum")]


def test_modules_that_the_manifest_does_not_know_are_refused() -> None:
    files = package(claims=claims())
    files["other/module.json"] = as_json(module("other"))
    assert codes(files) == [("package.dependency", "/package.json/modules/other")]


def test_files_in_a_folder_may_be_edited_unless_somebody_asks(tmp_path: Path) -> None:
    for path, data in package(claims=claims()).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    assert verify_package(open_source(tmp_path)) == ()
    (tmp_path / "claims" / "roles" / "clerk.json").write_bytes(as_json(role("clerk")) + b"\n")
    assert errors(read_modules(tmp_path, TYPES).problems) == []
    assert [one.code for one in verify_package(open_source(tmp_path))] == ["package.checksum"]
    (tmp_path / "package.json").unlink()
    assert [one.code for one in verify_package(open_source(tmp_path))] == ["package.checksum"]


# What secrets look like is put together here, so that nothing in this file looks like one.
SECRETS = {
    "hash": "$argon2id$" + "v=19$m=65536,t=3,p=4$c29tZXNhbHQ$" + "aGFzaA",
    "bcrypt": "$2b$12$" + "a" * 53,
    "key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "token": "hr_" + "A1_-" * 10 + "abc",
    "jwt": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTYifQ" + ".c2lnbmF0dXJlLWhlcmU",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_in_a_document_is_refused(kind: str) -> None:
    documents = claims()
    documents["roles/clerk.json"]["label"]["en"] = f"see {SECRETS[kind]}"
    found = codes(package(claims=documents))
    assert found == [("package.secret", "/claims/roles/clerk.json/label/en")]


def test_secrets_and_passwords_in_rows_are_refused() -> None:
    files = package(claims=claims())
    rows = f"code,note\nA,fine\nB,{SECRETS['token']}\n".encode()
    users = b"login,name,password\nann,Ann,open sesame\n"
    for path, data in (("sample/thing.csv", rows), ("sample/user.csv", users)):
        files[f"claims/records/{path}"] = data
    assert codes(files)[:2] == [
        ("package.secret", "/claims/records/sample/thing.csv/3"),
        ("package.secret", "/claims/records/sample/user.csv/1"),
    ]


def test_foreign_ids_are_refused() -> None:
    documents = claims()
    documents["roles/clerk.json"]["label"]["en"] = f"the role of {USER_ID}"
    files = package(claims=documents)
    assert codes(files) == [("package.foreign_id", "/claims/roles/clerk.json/label/en")]
    files = package(claims=claims())
    files["claims/records/reference/thing.csv"] = f"code,owner\nA,{USER_ID}\n".encode()
    assert codes(files)[0] == ("package.foreign_id", "/claims/records/reference/thing.csv/2")


@pytest.mark.parametrize(
    "path",
    [
        "../evil.json",
        "/etc/evil.json",
        "a/../../evil.json",
        "a\\..\\evil.json",
        "C:/evil.json",
        "a//b",
        "a/\x07.json",
        "x" * 400,
    ],
)
def test_a_path_that_leads_out_is_refused(path: str) -> None:
    assert refusals(zipped((path, b"{}"))) == ["package.unsafe_path"]


def test_links_and_devices_are_refused() -> None:
    for kind in (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO):
        entry = zipfile.ZipInfo("claims/module.json")
        entry.create_system = 3
        entry.external_attr = (kind | 0o777) << 16
        assert refusals(zipped((entry, b"/etc/passwd"))) == ["package.unsafe_path"]


def test_what_is_no_zip_is_refused() -> None:
    whole = write_archive(package(claims=claims()).items())
    assert refusals(b"") == refusals(b"PK") == refusals(b"{}") == ["package.unreadable"]
    assert refusals(whole[: len(whole) // 2]) == ["package.unreadable"]
    broken = bytearray(whole)
    broken[60] ^= 0xFF
    assert refusals(bytes(broken)) in (["package.unreadable"], ["package.unsafe_path"])


def test_a_bomb_is_refused_before_it_goes_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 100_000)
    bomb = zipped(("a/x.json", b"0" * 10_000_000), compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    assert refusals(bomb) == ["package.too_large"]
    monkeypatch.setattr(archives, "MAX_FILES", 10)
    many = zipped(*((f"a/{number}.json", b"1") for number in range(11)))
    assert refusals(many) == ["package.too_large"]


def test_a_folder_around_the_modules_is_looked_through() -> None:
    files = {f"modules-main/{path}": data for path, data in package(claims=claims()).items()}
    assert codes(files) == []


def test_a_kit_names_modules_that_are_there(tmp_path: Path) -> None:
    for path, data in package(claims=claims()).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    kits = tmp_path / "kits"
    kits.mkdir()
    kit = {"kind": "kit", "name": "small", "modules": ["claims", "returns"]}
    (kits / "small.json").write_bytes(as_json(kit))
    for path in (tmp_path, kits / "small.json"):
        found = [(one.code, one.path) for one in errors(read_modules(path, TYPES).problems)]
        assert found == [("kit.unknown_module", "/kits/small.json/modules/1")]
    kit["modules"] = ["claims"]
    (kits / "small.json").write_bytes(as_json(kit))
    assert read_modules(kits / "small.json", TYPES).names == ("claims",)
    (kits / "small.json").write_bytes(as_json({**kit, "settings": {}}))
    found = [(one.code, one.path) for one in errors(read_modules(tmp_path, TYPES).problems)]
    assert found == [("schema.unknown_field", "/kits/small.json/settings")]
    (kits / "small.json").write_bytes(as_json({**kit, "name": "large"}))
    assert [one.code for one in read_modules(tmp_path, TYPES).problems] == ["kit.wrong_file"]
