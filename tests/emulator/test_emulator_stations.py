"""People at emulated stations, faults that cannot be, and what a floor begins with."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from emulated import keys, rig, setting
from typer.testing import CliRunner

from fleet_control.events import EventLog
from gridfleet.cli.main import app
from gridfleet.demand.placement import Placement, cells_with_pods
from gridfleet.emulator.building import EmulatorOptions, secrets_of
from gridfleet.emulator.errors import EmulatorError
from gridfleet.emulator.faults import read_unit_faults
from gridfleet.emulator.figures import figures_of
from gridfleet.emulator.link_faults import DeviceNoise, NoisyLine
from gridfleet.emulator.setting import setting_of
from gridfleet.scenario import Scenario
from gridfleet.wiring import kind_of_work
from gridfleet.wiring.choice import set_up_work
from gridfleet.wiring.work_setup import Floor
from hw_bridge.stations.messages import Job, Jobs, Lines, Refusals
from hw_bridge.wire.frames import Topic
from layouts import library_names, load
from twin.faults import Fault, FaultKind, schedule_of
from twin.link import Noise


def test_lines_are_worked_one_after_another_and_wrong_scans_refused(tmp_path: Path) -> None:
    with rig(tmp_path, [0], options=EmulatorOptions(wrong_scans=0.6, seed=4)) as it:
        jobs = tuple(
            Job(number=n, job=1, line=n, quantity=1, pod="P00001", sku=f"SKU{n}")
            for n in range(1, 13)
        )
        it.say("S1", Topic.JOB, msgspec.json.encode(Jobs(jobs=jobs)))
        it.until(lambda: len(lines(it)) == 12, limit_s=300.0)
        assert lines(it) == list(range(1, 13))
        kinds = {refusal.kind.value for refusal in refusals(it).values()}
        assert kinds == {"wrong-pod", "wrong-sku"}
        assert 3 <= len(refusals(it)) <= 11
        assert len({refusal.line for refusal in refusals(it).values()}) == len(refusals(it))


def lines(it) -> list[int]:
    told = {}
    for message in it.said:
        if message.topic is Topic.LINE:
            for line in msgspec.json.decode(message.payload, type=Lines).lines:
                told[line.number] = line.line
    return [told[number] for number in sorted(told)]


def refusals(it) -> dict[int, object]:
    told = {}
    for message in it.said:
        if message.topic is Topic.REFUSAL:
            for refusal in msgspec.json.decode(message.payload, type=Refusals).refusals:
                told[refusal.number] = refusal
    return told


@pytest.mark.parametrize("name", ["teaching", "demo", "pick-and-stow"])
@pytest.mark.parametrize("seed", [0, 5])
def test_pods_stand_on_the_cells_that_a_run_has_them_on(name: str, seed: int) -> None:
    """Whatever the orders are, and so also for a controller that knows others."""
    assert name in library_names()
    scenario = Scenario(layout=name, robots=4, hours=0.5, seed=seed)
    layout = load(name)
    mine = setting_of(scenario, layout)
    floor = Floor(layout, scenario, mine.cells, 4, EventLog())
    theirs = set_up_work(kind_of_work(layout), floor).pod_cells
    assert sorted(theirs.tolist()) == mine.pod_cells.tolist()
    again = cells_with_pods(layout, scenario.stock, seed)
    assert (again == mine.pod_cells).all()


def test_faults_that_cannot_happen_here_are_refused_together(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(
        '[[fault]]\nkind = "kill-controller"\nat = 1\n'
        '[[fault]]\nkind = "pause-all"\nat = 2\nminutes = 1\n'
        '[[fault]]\nkind = "die"\nunit = 0\nat = 3\nminutes = 1\nremoved = true\n'
        "back_minutes = 2\n"
        '[[fault]]\nkind = "stop"\nunit = 0\nat = 4\nminutes = 1\n'
    )
    with pytest.raises(EmulatorError) as caught:
        read_unit_faults(path, load("teaching"), 3, 1.0)
    told = str(caught.value).splitlines()
    assert len(told) == 3
    assert "kill-controller at 1 s: the controller is another process" in told[0]
    assert "pause-all at 2 s: that is asked of the controller; use gridfleet ctl" in told[1]
    assert "leave out back_minutes" in told[2]


def test_faults_that_are_over_do_not_come_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(
        "".join(f'[[fault]]\nkind = "reboot"\nunit = 0\nat = {at}\n' for at in (10, 20, 30))
    )
    schedule = read_unit_faults(path, load("teaching"), 3, 1.0, done_s=20.0)
    assert [fault.at_s for fault in schedule.faults] == [20.0, 30.0]


def test_keys_that_are_missing_are_named_together(tmp_path: Path) -> None:
    store = keys(tmp_path, ["U1", "U2"])
    with pytest.raises(EmulatorError) as caught:
        secrets_of(store, 3, load("teaching"))
    assert "keys of 2 units, and 3 are to be emulated" in str(caught.value)
    assert "no key for the stations S2, S3, S4, S5 of teaching" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--layout", "teaching"], "no keys: give --keys DIR"),
        (["--layout", "teachin", "--insecure-plaintext"], "teaching"),
        (["--insecure-plaintext"], "no floor"),
        (["--layout", "teaching", "--keys", "nowhere"], "no keys here"),
        (["--layout", "teaching", "--insecure-plaintext", "--speed", "0"], "--speed is 0"),
        (["--layout", "teaching", "--insecure-plaintext", "--wrong-scans", "2"], "--wrong-scans"),
        (["--layout", "teaching", "--insecure-plaintext", "--connect", "x"], "'x'"),
        (["--layout", "teaching", "--insecure-plaintext", "--truth", "y"], "--truth 'y'"),
        (
            ["--layout", "teaching", "--insecure-plaintext", "--truth", "tcp://0.0.0.0:5560"],
            "others can reach this address",
        ),
        (["--layout", "teaching", "--insecure-plaintext", "--missed-markers", "1"], "--missed"),
        (["--layout", "teaching", "--insecure-plaintext", "--units", "9999"], "9999 robots"),
        (["--layout", "teaching", "--insecure-plaintext", "--faults", "none.toml"], "none.toml"),
    ],
)
def test_bad_input_is_one_clear_message(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(app, ["emulate", "--hours", "0.0001", *arguments])
    assert result.exit_code == 2, result.output
    assert told in result.stderr
    assert all(line.startswith("error: ") for line in result.stderr.splitlines())


def test_a_noisy_line_loses_doubles_and_delays_by_its_seed() -> None:
    noise = DeviceNoise(n_units=2, n_devices=3)
    line = NoisyLine[int](noise, seed=1, direction=0)
    assert line.is_idle
    noise.set_noise(Noise(loss=0.5, duplicate=0.5), unit=0)
    noise.set_down(True, unit=1)
    assert not line.is_idle
    for number in range(100):
        line.put(0, number, 0.0)
        line.put(1, number, 0.0)
        line.put(2, number, 0.0)
    arrived = line.take(0.0)
    per_device = [[m for device, m in arrived if device == d] for d in range(3)]
    assert 40 < len(per_device[0]) < 110
    assert len(set(per_device[0])) < len(per_device[0])
    assert per_device[1] == []
    assert per_device[2] == list(range(100))
    noise.set_noise(Noise(delay_s=1.0))
    noise.set_down(False, unit=1)
    line.put(1, 7, 5.0)
    assert line.take(5.0) == []
    assert line.take(5.0 + 30.0) == [(1, 7)]
    noise.set_noise(Noise())
    noise.set_noise(Noise(), unit=0)
    assert line.is_idle


def test_headings_and_cells_have_the_types_of_the_seam() -> None:
    made = setting([0, 1])
    assert made.cells.dtype == np.int32
    assert made.headings.dtype == np.int8


def test_labels_of_a_stock_file_with_pods_are_known(tmp_path: Path) -> None:
    stock = tmp_path / "stock.csv"
    stock.write_text("sku,units,pod\nA,50,P1\nB,50,P2\nA,30,P3\n")
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "order_id,sku,quantity,placed_at\n1,A,1,2026-01-01T08:00:00\n2,B,2,2026-01-01T08:05:00\n"
    )
    placement = Placement(file=str(stock))
    scenario = Scenario(layout="teaching", robots=3, hours=1.0, orders=str(orders), stock=placement)
    made = setting_of(scenario, load("teaching"))
    assert made.labels == ["P00000", "P00001", "P00002"]
    assert len(set(made.pod_cells.tolist())) == 3


def test_a_unit_that_is_carried_off_is_silent(tmp_path: Path) -> None:
    gone = Fault(FaultKind.DIE, at_s=1.0, lasts_s=1.0, unit=0, is_removed=True)
    with rig(tmp_path, [0, 40], schedule=schedule_of([gone])) as it:
        it.run(3.0)
        n_said = len(it.said)
        it.heard.pop("U1")
        it.run(3.0)
        assert {message.serial for message in it.said[n_said:]} == {"U2", "S1"}
        assert np.isnan(it.fleet.floor.twin.poses()[0]).all()
        assert figures_of(it.fleet).connected == 1


def test_contacts_are_counted(tmp_path: Path) -> None:
    with rig(tmp_path, [0, 2]) as it:
        it.order("U1", 1, [0, 1, 2])  # nobody has kept the cell of the other one from it
        it.until(lambda: it.fleet.floor.twin.n_contacts > 0)
        figures = figures_of(it.fleet)
        assert figures.contacts == 1
        assert "contacts        1" in figures.lines_of_text()
        assert "1 contacts" in figures.short()
