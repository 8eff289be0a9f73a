from __future__ import annotations

import lenet


def test_training_on_the_embedded_digits_says_the_test_error(run):
    outcome = run("train", "--data", "digits8x8", "--epochs", 2, "--seed", 1)
    assert outcome.status == 0
    assert "of 297 images of digits8x8 wrong" in outcome.stdout
    assert outcome.stderr == ""


def test_a_folder_of_ones_own_gives_a_network(run, folder, tmp_path):
    out, curve = tmp_path / "shapes.safetensors", tmp_path / "curve.png"
    outcome = run("train", folder, "--epochs", 3, "--out", out, "--save", curve)
    assert outcome.status == 0, outcome.stderr
    network = lenet.load(out)
    assert network.classes == ("cross", "ring")
    assert network.card is not None
    assert network.card.name == "shapes"
    assert curve.read_bytes().startswith(b"\x89PNG")


def test_a_trained_network_predicts(run, folder, tmp_path):
    out = tmp_path / "shapes.safetensors"
    run("train", folder, "--epochs", 20, "--out", out)
    outcome = run("predict", "--model", out, folder / "ring" / "0.png", folder / "cross" / "0.png")
    assert [line.split()[0] for line in outcome.stdout.splitlines()] == ["ring", "cross"]


def test_resuming_gives_the_same_numbers(run, folder, tmp_path):
    recipe = tmp_path / "recipe.json"
    recipe.write_text(lenet.Recipe(epochs=4, seed=5).to_json())
    run("train", folder, "--recipe", recipe, "--out", tmp_path / "whole.safetensors")
    run("train", folder, "--recipe", recipe, "--checkpoint", tmp_path / "state")
    resumed = run("train", folder, "--resume", tmp_path / "state", "--out", tmp_path / "resumed.safetensors")
    assert resumed.status == 0, resumed.stderr
    whole, again = (lenet.load(tmp_path / f"{name}.safetensors") for name in ("whole", "resumed"))
    assert all((whole.parameters[name] == array).all() for name, array in again.parameters.items())


def test_a_teacher_is_followed(run, folder, tmp_path):
    teacher, out = tmp_path / "teacher.safetensors", tmp_path / "taught.safetensors"
    run("train", folder, "--epochs", 20, "--out", teacher)
    outcome = run("train", folder, "--epochs", 2, "--teacher", teacher, "--out", out)
    assert outcome.status == 0, outcome.stderr
    assert lenet.load(out).temperature < 1


def test_resume_with_a_recipe_is_wrong_usage(run, tmp_path):
    assert run("train", "--data", "digits8x8", "--resume", tmp_path / "state", "--epochs", 3).status == 2


def test_an_unknown_recipe_is_refused(run):
    outcome = run("train", "--data", "digits8x8", "--recipe", "slow")
    assert outcome.status == 1
    assert "slow" in outcome.stderr


def test_a_folder_without_classes_is_refused(run, tmp_path):
    outcome = run("train", tmp_path)
    assert outcome.status == 1
    assert "no subfolders" in outcome.stderr


def test_without_mnist_and_network_one_sentence_says_what_to_do(run, tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    monkeypatch.setattr("lenet.datasets.mnist.MIRRORS", ("http://127.0.0.1:9/",))
    outcome = run("train")
    assert outcome.status == 1
    assert outcome.stderr.count("\n") == 1
    assert "could not be fetched" in outcome.stderr
