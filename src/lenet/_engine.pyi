"""The engine of lenet: networks, training, glyphs and graphs, in C++."""

from collections.abc import Sequence
from typing import Annotated

import numpy
from numpy.typing import NDArray


def processor() -> str:
    """Name the build of the kernels that runs."""

def processors() -> list[str]:
    """Name the builds that this machine can run, best first."""

def default_threads() -> int:
    """Count the threads used where none are asked for."""

def peak(threads: int, seconds: float, bfloat16: bool = False) -> float:
    """
    Measure independent multiply-adds a second, of float32 or of bfloat16 (0 where there is none).
    """

class Network:
    """A network on the engine; `lenet.Network` checks what goes in."""

    def __init__(self, description: str) -> None: ...

    @property
    def parameters(self) -> NDArray[numpy.float32]: ...

    @property
    def statistics(self) -> NDArray[numpy.float32]: ...

    @property
    def on_openmp(self) -> bool: ...

    @on_openmp.setter
    def on_openmp(self, arg: bool, /) -> None: ...

    def layout(self) -> list[tuple[str, str, int, tuple[int, ...], bool]]: ...

    def changed(self) -> None: ...

    def forward(self, images: Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)] | Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], threads: int = 0, bfloat16: bool = False) -> NDArray[numpy.float32]: ...

    def outputs(self, images: Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)] | Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], threads: int = 0, widths: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> NDArray[numpy.float32]: ...

    def probabilities(self, images: Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)] | Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], temperature: float = 1.0, threads: int = 0, bfloat16: bool = False) -> NDArray[numpy.float32]: ...

    @property
    def has_bfloat16(self) -> bool: ...

    def feature_maps(self, images: Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)] | Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)]) -> list[NDArray[numpy.float32]]: ...

    def scan(self, pictures: Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)] | Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], threads: int = 0) -> NDArray[numpy.float32]: ...

    def gradients(self, images: Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)] | Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], labels: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], loss: str = 'cross_entropy', threads: int = 0) -> tuple[float, NDArray[numpy.float32], NDArray[numpy.float32]]: ...

    def forward_train(self, images: Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)] | Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], threads: int = 0) -> NDArray[numpy.float32]: ...

    def backward(self, upstream: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], inputs: bool = False) -> tuple[NDArray[numpy.float32], object]: ...

class Trainer:
    """Passes of SGD or AdamW over images."""

    def __init__(self, network: Network, loss: str = 'cross_entropy', optimizer: str = 'sgd', momentum: float = 0.8999999761581421, decay: float = 0.0, beta2: float = 0.9990000128746033, epsilon: float = 9.99999993922529e-09, nesterov: bool = False, threads: int = 0) -> None: ...

    @property
    def state(self) -> NDArray[numpy.float32]: ...

    @property
    def step(self) -> int: ...

    @step.setter
    def step(self, arg: int, /) -> None: ...

    def forward(self, images: Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)] | Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)]) -> NDArray[numpy.float32]: ...

    def backward(self, deltas: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)]) -> NDArray[numpy.float32]: ...

    def update(self, gradient: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], rate: float) -> None: ...

    def run(self, images: Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)] | Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], labels: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], order: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], batch: int, rates: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], targets: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)] | None = None) -> tuple[float, int]: ...

def components(mask: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)]) -> tuple:
    """
    Label the 8-connected pieces of a mask (uint8; every value but 0 is ink).

    Returns labels, int32 (rows, columns), 0 for paper and from 1 in reading order of first pixels; and a
    table, int32 (n, 5), of left, top, right, bottom (exclusive) and area in pixels, row k for label k + 1.
    """

def normalize_glyph(ink: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)]) -> NDArray[numpy.uint8]:
    """
    Draw ink (uint8, paper 0) into 28 x 28 as MNIST was made: aspect ratio kept, longer side 20 pixels,
    averaged over areas, centre of mass at the centre. Ink that is all 0 gives an image that is all 0.
    """

def distort(images: Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)], seed: int, ids: int | Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], *, rotation: float = 0.0, shear: float = 0.0, scale: float = 0.0, shift: float = 0.0, elastic: float = 0.0, elastic_sigma: float = 4.0, thickness: float = 0.0, threads: int = 0) -> NDArray[numpy.uint8]:
    """
    Distort images, uint8 (n, rows, columns) or (n, maps, rows, columns), paper 0.

    The numbers for an image are drawn from its id and the seed alone, each evenly between minus and plus
    the bound given: rotation in degrees, shear in columns per row, scale as a logarithm, shift in pixels,
    thickness in pixels that edges of strokes move; elastic is the root mean square, in pixels along each
    axis, of noise smoothed by a Gaussian of elastic_sigma pixels. ids has a number for each image, or is
    the first of consecutive numbers.
    """

def clean_field(picture: Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)]) -> tuple:
    """
    Turn the picture of one field, uint8 (rows, columns) or (rows, columns, 3), into ink.

    Returns how many times smaller the results are than the picture; evened, uint8 (rows, columns), paper 0,
    all darkness there is; ink, the same of strokes alone, 128 and more inside them; and eight numbers on the
    line of text, in pixels of the ink: top, bottom, left, right, slope (down per column), slant (right per
    row up), the width of strokes, and the share of the ink that stands above or below a character that is about
    as high, of more lines or one on its side; all 0 where nothing is written.
    """

def stacked(table: Annotated[NDArray[numpy.int32], dict(shape=(None, 5), order='C', device='cpu', writable=False)], top: float, bottom: float) -> float:
    """
    Return the share of the ink of characters that stands above or below another one about as high, of a table
    of components, int32 (n, 5), around a level line of text between two rows.
    """

def normalize_fields(greys: Sequence[Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)]], texts: Sequence[Sequence[float]], rows: int = 40) -> list[NDArray[numpy.uint8]]:
    """
    Draw the line of text of each picture (uint8, paper 0) into `rows` rows: its height four fifths of
    them, its slope and slant taken out, as wide as its aspect asks. Returns a list of uint8 (rows, n).
    """

def draw_fields(pictures: Sequence[Annotated[NDArray[numpy.uint8], dict(order='C', device='cpu', writable=False)]], rows: int = 40, threads: int = 0) -> list:
    """
    Do for each picture what clean_field and then normalize_fields do with what is evened, its slant left in;
    the pictures are shared out among threads (0: as many as the engine takes). Returns a list of how many
    times smaller clean_field's results are, its eight numbers, and the image, uint8 (rows, n).
    """

def cut_field(ink: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)], text: Sequence[float], every: bool = False) -> tuple:
    """
    Cut the ink of a field into atoms of which characters are made, left to right.

    Returns labels, int32 (rows, columns), 0 for paper and from 1 the number of an atom; a table of atoms,
    int32 (n, 5): left, top, right, bottom (exclusive) and area of their strokes; a table of the cuts
    between neighbours, float32 (n - 1, 4 + features): probability, ink gone through (in strokes), gap and
    movement sideways (in heights of the text), and what the probability was told from; the cuts' columns
    in every row, int32 (n - 1, rows); and the segments, int32 (m, 2): first and last atom. every keeps
    all cuts, however improbable.
    """

def draw_segments(ink: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)], labels: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)], atoms: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)], segments: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)], stroke: float) -> NDArray[numpy.uint8]:
    """
    Draw segments as normalize_glyph does, strokes thickened where they are thin; uint8 (m, 28, 28).
    """

def stretched(kept: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)], floor: float) -> NDArray[numpy.uint8]:
    """
    Stretch what is above a floor (uint8) to full ink: its upper tenth is 255, half of the floor is 0.
    """

def strokes(ink: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)]) -> NDArray[numpy.uint8]:
    """
    Tell strokes from paper: 1 where ink (uint8) is half of the fullest close by, else 0.
    """

def even_ink(picture: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)]) -> NDArray[numpy.uint8] | None:
    """
    Turn a picture on paper of a single grey into ink; None for any other picture.
    """

def single_piece(ink: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)]) -> tuple[int, int, NDArray[numpy.uint8], float] | None:
    """
    Cut out the one connected stroke where that has to be a character: left, top, ink and stroke's width.
    """

def cut_piece(ink: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)], marks: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)], left: int, top: int) -> tuple:
    """
    Cut out marks (1, else 0) whose left top corner stands there; returns ink and its strokes' width.
    """

def thick_enough(ink: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)], stroke: float) -> NDArray[numpy.uint8]:
    """
    Thicken strokes of that width to a tenth of the character, where they are thinner.
    """

def draw_pieces(inks: Sequence[Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)]], strokes: Sequence[float]) -> NDArray[numpy.uint8]:
    """
    Normalize pieces with strokes that are thick enough; uint8 (n, 28, 28).
    """

def even_glyph(picture: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', writable=False)]) -> NDArray[numpy.uint8] | None:
    """
    Do what even_ink, single_piece and draw_pieces do, one after the other; None where one of them says so.
    """

def graph_compose(nodes1: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], arcs1: Annotated[NDArray[numpy.int32], dict(shape=(None, 4), order='C', device='cpu', writable=False)], nodes2: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], arcs2: Annotated[NDArray[numpy.int32], dict(shape=(None, 4), order='C', device='cpu', writable=False)]) -> tuple[NDArray[numpy.uint8], NDArray[numpy.int32], NDArray[numpy.int32], NDArray[numpy.int32]]:
    """
    Compose two graphs; nodes, arcs, and of each arc those of the two graphs that it was made of, -1: none.
    """

def graph_remove(nodes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], arcs: Annotated[NDArray[numpy.int32], dict(shape=(None, 4), order='C', device='cpu', writable=False)], weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], input: int, output: int) -> tuple[NDArray[numpy.uint8], NDArray[numpy.int32], NDArray[numpy.int32]]:
    """
    Leave out the arcs with these labels; nodes, arcs, and pairs of an arc and one whose weight it holds.
    """

def graph_viterbi(nodes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], arcs: Annotated[NDArray[numpy.int32], dict(shape=(None, 4), order='C', device='cpu', writable=False)], weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple[float, NDArray[numpy.int32]]:
    """Find the best path; its score and its arcs."""

def graph_forward(nodes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], arcs: Annotated[NDArray[numpy.int32], dict(shape=(None, 4), order='C', device='cpu', writable=False)], weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> float:
    """Sum over all paths; the log of the sum of exp(score)."""

def graph_shares(nodes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], arcs: Annotated[NDArray[numpy.int32], dict(shape=(None, 4), order='C', device='cpu', writable=False)], weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> NDArray[numpy.float64]:
    """
    Share out the sum over all paths; of each arc the share of the paths through it.
    """

def graph_n_best(nodes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], arcs: Annotated[NDArray[numpy.int32], dict(shape=(None, 4), order='C', device='cpu', writable=False)], weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], n: int) -> list[tuple[float, NDArray[numpy.int32]]]:
    """
    Find the best paths of the n best label sequences; score and arcs of each, best first.
    """

class Trellis:
    """A graph made ready to be searched along the frames of fields."""

    def __init__(self, nodes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], arcs: Annotated[NDArray[numpy.int32], dict(shape=(None, 4), order='C', device='cpu', writable=False)], weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], symbols: int) -> None: ...

def trellis_forward(fields: Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]], graphs: Sequence[Trellis], threads: int = 0) -> NDArray[numpy.float64]:
    """Sum over all paths, of each field."""

def trellis_gradients(fields: Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]], graphs: Sequence[Trellis], threads: int = 0) -> list[tuple[float, NDArray[numpy.float32], NDArray[numpy.float64]]]:
    """
    Sum over all paths; of each field the score and its derivatives by emissions and by weights.
    """

def trellis_viterbi(fields: Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]], graphs: Sequence[Trellis], threads: int = 0) -> list[tuple[float, NDArray[numpy.int32], NDArray[numpy.int32]]]:
    """
    Find the best path; of each field its score, arcs, and the frame of each arc.
    """

class Acceptor:
    """A deterministic acceptor made ready to search with."""

    def __init__(self, next: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)], accepting: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], scores: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)] | None = None) -> None: ...

    def needs(self) -> int:
        """Count the frames a string needs."""

def prefix_search(fields: Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]], acceptor: Acceptor, beam: int, n_best: int, threads: int = 0) -> list[list[tuple[tuple[int, ...], float, tuple[tuple[int, int], ...], tuple[float, ...]]]]:
    """
    Find the best strings; of each field a list of symbols, score, and of each symbol its frames and highest emission.
    """

def accepted_scores(fields: Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]], acceptor: Acceptor, threads: int = 0) -> NDArray[numpy.float64]:
    """Sum over all accepted strings, of each field."""

def string_score(field: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], labels: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> float:
    """Sum over all alignments of one string."""
