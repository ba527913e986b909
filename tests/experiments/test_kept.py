"""Findings of earlier runs stay on the page as long as they are of the same model and not outdone."""

import json

import pytest

from experiments.kept import fingerprint, keep, merged


def part(seeds, tasks=0):
    return {"arms": {"base": {"seen": {"value": 0.5, "seeds": [0.5] * seeds}}}, "tasks": tasks}


@pytest.fixture
def file(tmp_path):
    keep({"calculation": part(3), "joint": part(1)}, tmp_path / "evidence" / "findings.json", "abc")
    return tmp_path / "evidence" / "findings.json"


def test_a_part_that_was_run_elsewhere_stays(file):
    assert merged({"retail": part(3)}, file, "abc") == {
        "calculation": part(3), "joint": part(1), "retail": part(3),
    }  # fmt: skip


def test_a_part_run_again_replaces_it_and_one_run_in_part_does_not(file):
    assert merged({"joint": part(3), "calculation": part(1)}, file, "abc") == {
        "calculation": part(3), "joint": part(3),
    }  # fmt: skip
    again = part(3) | {"again": True}
    assert merged({"calculation": again}, file, "abc")["calculation"] == again


def test_more_tasks_outdo_fewer(file):
    keep({"filters": {"none": {"tasks": 900}}}, file, "abc")
    assert merged({"filters": {"none": {"tasks": 300}}}, file, "abc")["filters"]["none"]["tasks"] == 900
    assert merged({"filters": {"none": {"tasks": 901}}}, file, "abc")["filters"]["none"]["tasks"] == 901


def test_findings_of_another_model_are_dropped(file, tmp_path):
    assert merged({"retail": part(3)}, file, "def") == {"retail": part(3)}
    assert merged({}, tmp_path / "nothing.json", "abc") == {}


def test_a_model_is_known_by_its_weights(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"one")
    one = fingerprint(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert one != fingerprint(tmp_path)
    with pytest.raises(FileNotFoundError):
        fingerprint(tmp_path / "elsewhere")


def test_what_is_kept_can_be_read_by_hand(file):
    assert json.loads(file.read_text())["model"] == "abc"
    assert file.read_text().startswith('{\n "model": "abc",')
