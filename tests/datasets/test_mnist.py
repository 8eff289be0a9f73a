"""MNIST: where it is looked for, what is said where it is not, and the real one where it is."""

from __future__ import annotations

import hashlib
import time

import numpy as np
import pytest

from lenet.datasets import fetch_mnist, load_mnist, mnist, write_idx
from lenet.errors import ChecksumError, DownloadError, FormatError, InputError


def put(folder, images=7, labels=7, suffix=".gz"):
    """Write a small data set in MNIST's form."""
    write_idx(folder / f"train-images-idx3-ubyte{suffix}", np.full((images, 28, 28), 9, np.uint8))
    write_idx(folder / f"train-labels-idx1-ubyte{suffix}", np.arange(labels).astype(np.uint8))


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("inside", ["", "mnist"])
def test_folder_given_is_used(tmp_path, own_cache, suffix, inside):
    put(tmp_path / "here" / inside, suffix=suffix)
    dataset = load_mnist(data=tmp_path / "here")
    assert dataset.images.shape == (7, 1, 28, 28)
    assert dataset.labels.tolist() == list(range(7))


def test_folder_of_the_environment_comes_before_the_cache(tmp_path, own_cache, monkeypatch):
    put(tmp_path / "data", 3, 3)
    put(own_cache / "mnist", 4, 4)
    assert len(load_mnist()) == 4
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "data"))
    assert len(load_mnist()) == 3


def test_folder_given_without_the_files_is_named(tmp_path, own_cache):
    with pytest.raises(InputError, match=str(tmp_path)):
        load_mnist(data=tmp_path)


def test_without_a_network_one_sentence_says_where_to_put_it(own_cache):
    with pytest.raises(DownloadError, match="put the file at") as raised:
        load_mnist()
    assert str(own_cache) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not own_cache.exists()


def test_download_can_be_forbidden(own_cache):
    with pytest.raises(DownloadError, match="allow the download"):
        load_mnist(download=False)


def test_unknown_part_is_refused():
    with pytest.raises(InputError, match="'train' or 'test'"):
        load_mnist("validation")


def test_images_and_labels_have_to_match(tmp_path, own_cache):
    put(tmp_path, 7, 6)
    with pytest.raises(FormatError, match="7 digits"):
        load_mnist(data=tmp_path)


def test_labels_beyond_nine_are_refused(tmp_path, own_cache):
    put(tmp_path, 11, 11)
    with pytest.raises(FormatError, match="label"):
        load_mnist(data=tmp_path)


def test_labels_in_the_place_of_images_are_refused(tmp_path, own_cache):
    put(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes((tmp_path / "train-labels-idx1-ubyte.gz").read_bytes())
    with pytest.raises(FormatError, match="not digits"):
        load_mnist(data=tmp_path)


@pytest.mark.data
def test_real_data_is_whole(data):
    training, test = load_mnist("train", data=data), load_mnist("test", data=data)
    assert (len(training), len(test)) == (60_000, 10_000)
    assert np.bincount(training.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert round(training.images.mean(), 3) == 33.318


@pytest.mark.data
def test_loading_is_quick(data):
    times = []
    for _ in range(3):
        start = time.process_time()
        load_mnist(data=data)
        times.append(time.process_time() - start)
    assert min(times) < 0.5


def test_fetching_checks_what_is_here(own_cache, tmp_path, monkeypatch):
    """A damaged file in the cache was once kept for ever."""
    put(tmp_path / "mirror")
    files = {path.name: path.read_bytes() for path in (tmp_path / "mirror").iterdir()}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(mnist, "SHA256", sums)
    monkeypatch.setattr(mnist, "fetch", lambda urls, sum_, place, **_: fetched.append(place.name) or place)
    put(own_cache / "mnist")
    fetched = []
    fetch_mnist()
    assert fetched == []
    (own_cache / "mnist" / "train-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    fetch_mnist()
    assert fetched == ["train-labels-idx1-ubyte.gz"]
    put(tmp_path / "data", 3, 3)
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "data"))
    with pytest.raises(ChecksumError, match="remove it"):
        fetch_mnist()


def test_without_a_network_it_names_what_needs_none(own_cache):
    with pytest.raises(DownloadError, match=r"LENET_DATA.*--data digits8x8"):
        load_mnist()
