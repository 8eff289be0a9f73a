"""Train LeNet-5 on MNIST in plain PyTorch: `python torch_train.py RECIPE.json FOLDER SEED`.

The recipe is one of lenet's: SGD with momentum, a rate that climbs and falls, shifts by whole pixels. Written as a
careful user writes it: the data stays in memory as tensors, no loader, the fused optimiser.
"""

import gzip
import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn


def read(folder, name):
    path = Path(folder) / name
    raw = (
        gzip.decompress(path.with_suffix(path.suffix + ".gz").read_bytes()) if not path.exists() else path.read_bytes()
    )
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16 if "images" in name else 8).copy())


def load(folder, part):
    images = read(folder, f"{part}-images-idx3-ubyte").reshape(-1, 1, 28, 28)
    images = nn.functional.pad(images, (2, 2, 2, 2)).float() / 255
    return images, read(folder, f"{part}-labels-idx1-ubyte").long()


def shifted(images, most):
    """Shift every image by its own whole number of pixels."""
    if not most:
        return images
    n, side = len(images), images.shape[-1]
    wide = nn.functional.pad(images[:, 0], (most,) * 4)
    down, right = torch.randint(0, 2 * most + 1, (2, n, 1, 1))
    steps = torch.arange(side)
    return wide[torch.arange(n)[:, None, None], down + steps[:, None], right + steps][:, None]


def rate(recipe, step, steps):
    climb = round(recipe["warmup"] * steps)
    if step < climb:
        return recipe["rate"] * (step + 1) / climb
    done = (step - climb) / (steps - climb)
    falling = {"constant": 1, "linear": 1 - done, "cosine": (1 + math.cos(math.pi * done)) / 2}
    return recipe["rate"] * falling[recipe["schedule"]]


def main(recipe, folder, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )  # fmt: skip
    images, labels = load(folder, "train")
    distortion = recipe["distortion"] or {"shift": 0, "whole_pixels": True}
    if recipe["optimizer"] != "sgd" or recipe["average"] or not distortion["whole_pixels"]:
        sys.exit("torch_train.py knows SGD and shifts by whole pixels only")
    optimizer = torch.optim.SGD(
        model.parameters(), lr=1.0, momentum=recipe["momentum"], weight_decay=recipe["decay"],
        nesterov=recipe["nesterov"], fused=True,
    )  # fmt: skip
    batch, step = recipe["batch"], 0
    steps = recipe["epochs"] * math.ceil(len(labels) / batch)
    for _ in range(recipe["epochs"]):
        for chosen in torch.randperm(len(labels)).split(batch):
            optimizer.param_groups[0]["lr"] = rate(recipe, step, steps)
            optimizer.zero_grad()
            seen = shifted(images[chosen], int(distortion["shift"]))
            nn.functional.cross_entropy(model(seen), labels[chosen]).backward()
            optimizer.step()
            step += 1
    images, labels = load(folder, "t10k")
    with torch.inference_mode():
        wrong = int((torch.cat([model(some) for some in images.split(500)]).argmax(1) != labels).sum())
    print(f"{wrong} of {len(labels)} images of mnist test wrong")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()), sys.argv[2], int(sys.argv[3]))
