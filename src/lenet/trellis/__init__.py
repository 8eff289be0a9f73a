"""Searches over emissions: what a network says of a field, frame by frame, read through a graph or an acceptor.

Emissions are float32 (frames, symbols), natural-log scores, higher is better; symbol 0 is the blank, which says
nothing. Nothing is composed beforehand: the searches walk the graph along the frames. Many fields are shared out among
threads, with the same bits for any number of them.

A string is the sum over its alignments: equal symbols on frames next to each other are one, then blanks are left out
(the character model of LeCun et al. 1998, section VII; Graves et al. 2006 call it CTC).
"""

from __future__ import annotations

from lenet.trellis.acceptors import Acceptor
from lenet.trellis.paths import (
    Alignment,
    Gradient,
    ctc_graph,
    forward_gradient,
    forward_gradients,
    forward_score,
    forward_scores,
    viterbi_path,
    viterbi_paths,
)
from lenet.trellis.strings import (
    Spelling,
    accepted_score,
    accepted_scores,
    prefix_search,
    prefix_search_many,
    string_score,
)

__all__ = [
    "Acceptor",
    "Alignment",
    "Gradient",
    "Spelling",
    "accepted_score",
    "accepted_scores",
    "ctc_graph",
    "forward_gradient",
    "forward_gradients",
    "forward_score",
    "forward_scores",
    "prefix_search",
    "prefix_search_many",
    "string_score",
    "viterbi_path",
    "viterbi_paths",
]
