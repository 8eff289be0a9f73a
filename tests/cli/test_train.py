from __future__ import annotations

import pytest

import lenet
from lenet.errors import InputError
from lenet.learning import checkpoints


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


def test_images_have_one_teacher(run, folder):
    assert run("train", folder, "--teacher", "digits", "--teacher", "digits").status == 2


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


def test_the_card_of_a_resumed_training_says_its_recipe(run, folder, tmp_path):
    recipe, out = tmp_path / "recipe.json", tmp_path / "resumed.safetensors"
    recipe.write_text(lenet.Recipe(epochs=2, seed=5).to_json())
    run("train", folder, "--recipe", recipe, "--architecture", "lenet1", "--checkpoint", tmp_path / "state")
    run("train", folder, "--resume", tmp_path / "state", "--out", out)
    card = lenet.load(out).card
    assert (card.name, card.seed, card.recipe["epochs"]) == ("resumed", 5, 2)
    assert card.version
    outcome = run("train", folder, "--resume", tmp_path / "state", "--architecture", "lenet5")
    assert (outcome.status, "the checkpoint holds" in outcome.stderr) == (1, True)


@pytest.mark.parametrize(
    ("option", "name"), [("--out", "mine.safetensors"), ("--save", "curve.png"), ("--checkpoint", "state")]
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(run, folder, tmp_path, option, name, monkeypatch):
    monkeypatch.setattr("lenet.learning.train", lambda *_, **__: pytest.fail("it trained"))
    (tmp_path / "file").write_text("in the way")
    outcome = run("train", folder, option, tmp_path / "file" / name)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert "cannot be written" in outcome.stderr


def test_a_folder_and_data_exclude_each_other(run, folder):
    outcome = run("train", folder, "--data", "digits8x8")
    assert outcome.status == 2
    assert "give one of them" in outcome.stderr


def test_the_folder_here_has_a_name(run, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert "images of shapes," in run("train", ".", "--epochs", 1).stdout


def test_it_says_whether_probabilities_are_calibrated(run, folder, tmp_path):
    assert "are calibrated on 2 images held out" in run("train", folder, "--epochs", 1).stdout
    recipe = tmp_path / "recipe.json"
    recipe.write_text(lenet.Recipe(epochs=1, validation=0).to_json())
    assert "nothing was held out" in run("train", folder, "--recipe", recipe).stdout


def test_pictures_as_they_are_go_all_the_way(run, folder, tmp_path):
    out = tmp_path / "shapes.safetensors"
    assert run("train", folder, "--as-is", "--epochs", 20, "--out", out).status == 0
    outcome = run("predict", "--as-is", "--model", out, folder / "ring" / "0.png", folder / "cross" / "0.png")
    assert [line.split()[0] for line in outcome.stdout.splitlines()] == ["ring", "cross"]
    assert run("evaluate", folder, "--as-is", "--model", out).stdout.startswith("0 of 16 images of shapes wrong")


@pytest.mark.parametrize(
    ("option", "name", "words"),
    [
        ("--out", "photo.jpg", "end it in .safetensors"),
        ("--save", "photo.jpg", "lenet did not draw it"),
        ("--checkpoint", "photo.jpg", "is no checkpoint"),
    ],
)
def test_a_file_of_the_users_own_is_not_overwritten(run, folder, tmp_path, option, name, words, monkeypatch):
    monkeypatch.setattr("lenet.learning.train", lambda *_, **__: pytest.fail("it trained"))
    photograph = (folder / "ring" / "0.png").read_bytes()
    (tmp_path / name).write_bytes(photograph)
    outcome = run("train", folder, option, tmp_path / name)
    assert outcome.status in (1, 2)
    assert words in outcome.stderr
    assert (tmp_path / name).read_bytes() == photograph


def test_what_was_held_out_is_measured_and_the_next_step_named(run, folder, tmp_path):
    outcome = run("train", folder, "--epochs", 1, "--out", tmp_path / "my shapes.safetensors")
    assert "of 2 images of shapes, held out, wrong" in outcome.stdout
    assert f"lenet predict --model '{tmp_path}/my shapes.safetensors' PICTURE" in outcome.stdout
    recipe = tmp_path / "recipe.json"
    recipe.write_text(lenet.Recipe(epochs=1, validation=0).to_json())
    assert "no images were held out" in run("train", folder, "--recipe", recipe).stdout


def test_a_resumed_training_goes_on_keeping_its_checkpoint(run, folder, tmp_path, monkeypatch):
    state, recipe = tmp_path / "state", tmp_path / "recipe.json"
    recipe.write_text(lenet.Recipe(epochs=3, seed=5).to_json())
    save = checkpoints.save

    def save_and_stop(*given):
        save(*given)
        raise InputError("the power is cut")

    monkeypatch.setattr(checkpoints, "save", save_and_stop)
    assert run("train", folder, "--recipe", recipe, "--checkpoint", state).status == 1
    assert len(checkpoints.load(state).history) == 1
    monkeypatch.undo()
    assert run("train", folder, "--resume", state).status == 0
    assert len(checkpoints.load(state).history) == 3
    assert run("train", folder, "--recipe", recipe, "--checkpoint", state).status == 0  # and may be replaced
