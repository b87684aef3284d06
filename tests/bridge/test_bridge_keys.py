"""Keys in their folder, and the command that makes them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from server_rig import make_store
from typer.testing import CliRunner

from gridfleet.cli.main import app
from hw_bridge.wire.errors import WireError
from hw_bridge.wire.keys import KeyStore, Role, check_serial, load_device


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_store_knows_whose_key_it_is(tmp_path: Path) -> None:
    store = make_store(tmp_path / "keys", 2, ("S1",))
    assert [(d.serial, d.role) for d in store.devices()] == [
        ("OP", Role.OPERATOR), ("S1", Role.STATION), ("U1", Role.UNIT), ("U2", Role.UNIT),
    ]  # fmt: skip
    assert [d.serial for d in store.devices(Role.UNIT)] == ["U1", "U2"]
    secret = store.secret_of("U1")
    assert store.holder(secret.public) == store.devices(Role.UNIT)[0]
    assert store.holder(secret.secret) is None
    assert secret.server == store.server_public
    assert load_device(store.secret_path("U1")) == secret


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    store = make_store(tmp_path / "keys")
    secrets = [store.folder / "server.secret.toml", *(store.folder / "secrets").iterdir()]
    assert [mode(path) for path in secrets] == [0o600] * 4
    assert mode(store.folder / "secrets") == 0o700
    for path, read in ((secrets[0], store.server_secret), (secrets[1], None)):
        path.chmod(0o640)
        with pytest.raises(WireError, match=r"others than its owner can read .* chmod 600"):
            read() if read is not None else load_device(path)


def test_a_revoked_key_is_gone_for_good(tmp_path: Path) -> None:
    store = make_store(tmp_path / "keys")
    old = store.secret_of("U1")
    store.revoke("U1")
    assert store.holder(old.public) is None
    assert not store.secret_path("U1").exists()
    store.add("U1", Role.UNIT)
    store.revoke("U1")
    assert [(entry.serial, entry.public == old.public) for entry in store.revoked()] == [
        ("U1", True), ("U1", False),
    ]  # fmt: skip


def test_changes_of_another_process_are_seen(tmp_path: Path) -> None:
    store = make_store(tmp_path / "keys")
    other = KeyStore(tmp_path / "keys")
    assert not other.reload()
    store.add("U3", Role.UNIT)
    assert other.reload()
    assert not other.reload()
    store.revoke("U3")  # within the same tick of the file system's clock
    assert other.reload()
    assert len(other.devices(Role.UNIT)) == 2


@pytest.mark.parametrize("serial", ["", "a/b", "..", ".a", "-a", "a b", "é", "x" * 65, "a\n"])
def test_what_is_no_serial(serial: str, tmp_path: Path) -> None:
    with pytest.raises(WireError, match="no serial"):
        check_serial(serial)
    store = make_store(tmp_path / "keys")
    with pytest.raises(WireError):
        store.add(serial, Role.UNIT)


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    with pytest.raises(WireError, match="no keys here; make some with gridfleet keys init"):
        KeyStore(tmp_path / "nowhere")
    store = make_store(tmp_path / "keys")
    with pytest.raises(WireError, match="there are keys here already"):
        KeyStore.create(tmp_path / "keys")
    with pytest.raises(WireError, match="U1: has a key already, as unit"):
        store.add("U1", Role.STATION)
    with pytest.raises(WireError, match=r"UU1: has no key here; did you mean U1\?"):
        store.revoke("UU1")
    store.secret_path("U1").unlink()
    with pytest.raises(WireError, match="No such file"):
        store.secret_of("U1")
    (store.folder / "server.secret.toml").write_text('secret = "short"\n')
    with pytest.raises(WireError, match="40 characters of Z85"):
        store.server_secret()


def test_all_faults_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    store = make_store(tmp_path / "keys", 3)
    devices = store.folder / "devices"
    (devices / "U1.toml").write_text("serial = ")
    (devices / "U9.toml").write_text((devices / "U2.toml").read_text())
    text = (devices / "U3.toml").read_text().replace('role = "unit"', 'role = "boss"')
    (devices / "U3.toml").write_text(text)
    with pytest.raises(WireError) as error:
        KeyStore(store.folder)
    lines = str(error.value).splitlines()
    assert len(lines) == 4
    assert "U1.toml" in lines[0]
    assert "U3.toml" in lines[1]
    assert lines[2].endswith("is the key of U2; a file bears its serial")
    assert lines[3].endswith("the same key as that of U2")


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["keys", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_makes_a_fleet_s_keys_and_shows_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    code, out, _ = run("init", "--dir", str(folder), "--units", "3", "--layout", "demo", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["units"] == 3
    store = KeyStore(folder)
    assert [d.serial for d in store.devices(Role.UNIT)] == ["U0001", "U0002", "U0003"]
    assert len(store.devices(Role.STATION)) == told["stations"] > 0
    assert len(store.devices(Role.OPERATOR)) == 1
    assert run("add", "U0004", "--dir", str(folder))[0] == 0
    assert run("revoke", "U0001", "--dir", str(folder))[0] == 0
    code, out, _ = run("list", "--dir", str(folder), "--json")
    rows = {row["serial"]: row["role"] for row in json.loads(out)}
    assert rows["U0001"] == "revoked"
    assert rows["U0004"] == "unit"
    everything = out + run("list", "--dir", str(folder))[1]
    for path in (folder / "secrets").iterdir():
        assert load_device(path).secret not in everything


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["list", "--dir", "nowhere"], "no keys here"),
        (["add", "a/b", "--dir", "KEYS"], "no serial"),
        (["add", "U7", "--role", "unti", "--dir", "KEYS"], "did you mean"),
        (["revoke", "U77", "--dir", "KEYS"], "has no key here"),
        (["init", "--dir", "KEYS"], "there are keys here already"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path: Path, arguments: list[str], text: str) -> None:
    make_store(tmp_path / "keys")
    folder = str(tmp_path / "keys")
    code, _, err = run(*(folder if part == "KEYS" else part for part in arguments))
    assert code == 2
    assert text in err
