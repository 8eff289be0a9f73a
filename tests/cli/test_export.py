from __future__ import annotations

import pytest


def test_an_onnx_file_is_written(run, tmp_path):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    outcome = run("export", tmp_path / "digits.onnx")
    assert outcome.status == 0, outcome.stderr
    assert (tmp_path / "digits.onnx").stat().st_size > 200_000


def test_another_format_is_wrong_usage(run, tmp_path):
    assert run("export", tmp_path / "digits.pt").status == 2


def test_a_place_that_cannot_be_written_is_refused(run, tmp_path):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    (tmp_path / "file").write_text("in the way")
    outcome = run("export", tmp_path / "file" / "digits.onnx")
    assert outcome.status == 1
    assert outcome.stderr.count("\n") == 1
