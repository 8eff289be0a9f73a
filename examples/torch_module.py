"""LeNet-5 as an ordinary PyTorch module, with the engine inside: `pip install 'lenet[torch]'`, then run this."""

from __future__ import annotations

import torch
from torch import nn

import lenet
from lenet.torch import LeNet5

EPOCHS, BATCH = 5, 32


def main() -> None:
    training, test = lenet.load_digits8x8("train"), lenet.load_digits8x8("test")
    images, labels = (torch.from_numpy(array) for array in (training.images, training.labels))
    torch.manual_seed(0)
    model = LeNet5()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(EPOCHS):
        total = 0.0
        for chosen in torch.randperm(len(labels)).split(BATCH):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images[chosen]), labels[chosen])
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(chosen)
        print(f"epoch {epoch + 1}: loss {total / len(labels):.3f}")
    with torch.inference_mode():
        right = int((model(torch.from_numpy(test.images)).argmax(1).numpy() == test.labels).sum())
    print(f"{right} of {len(test)} test digits are right")


if __name__ == "__main__":
    main()
