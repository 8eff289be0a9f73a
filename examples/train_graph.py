"""Learn to cut and to read at once, from whole strings alone: `python examples/train_graph.py`.

A field is a row of strokes, some round and some straight, with gaps between. "o" is a round stroke, "l" a straight one,
"d" a round and a straight one close to each other: whether two strokes are one letter is learnt with what the letters
look like. Nobody says where letters end (LeCun et al. 1998, sections V and VI).
"""

from __future__ import annotations

import numpy as np

from lenet.graphs import Graph, backward, discriminative_forward_loss, viterbi_path

LETTERS = "old"
STROKES = {"o": [1.0], "l": [0.0], "d": [1.0, 0.0]}  # how round each stroke of a letter is


def write(text: str, rng: np.random.Generator) -> np.ndarray:
    """Return for each stroke how round it is and the gap before it: (strokes, 2)."""
    strokes = [(shape, 0.2 if k else 1.0) for letter in text for k, shape in enumerate(STROKES[letter])]
    return np.array(strokes) + rng.normal(0, 0.12, (len(strokes), 2))


def lattice(strokes: np.ndarray, weights: np.ndarray) -> tuple[Graph, np.ndarray]:
    """Join every cut with the next one or two by an arc for each letter; return the graph and features of its arcs."""
    graph, features = Graph(LETTERS), []
    for cut in range(len(strokes) + 1):
        graph.add_node(start=cut == 0, accept=cut == len(strokes))
    for first in range(len(strokes)):
        for after in range(first + 1, min(first + 3, len(strokes) + 1)):
            roundness, gaps = strokes[first:after, 0], strokes[first + 1 : after, 1]
            seen = [1.0, roundness[0], *(gaps if len(gaps) else [2.0]), roundness[-1], len(roundness) - 1]
            for letter, score in enumerate(weights @ seen):
                graph.add_arc(first, after, letter, weight=score, stands_for=strokes[first:after])
                features.append(seen)
    return graph, np.array(features)


def main() -> None:
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list(LETTERS), rng.integers(2, 7))) for _ in range(100)]
    fields = [(text, write(text, rng)) for text in texts]
    weights = np.zeros((len(LETTERS), 5))
    for epoch in range(31):
        total, right, step = 0.0, 0, np.zeros_like(weights)
        for text, strokes in fields:
            graph, features = lattice(strokes, weights)
            loss = discriminative_forward_loss(graph, text)
            backward(loss)
            total += loss.item()
            right += viterbi_path(graph).spell() == text
            np.add.at(step, graph.arcs[:, 2], graph.grad[:, None] * features)
        weights -= 1.5 * step / len(fields)
        if epoch % 10 == 0:
            print(f"after {epoch} steps: loss {total / len(fields):.3f}, {right} of {len(fields)} fields read right")


if __name__ == "__main__":
    main()
