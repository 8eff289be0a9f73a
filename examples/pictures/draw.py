"""Draw the handwritten-looking pictures of this folder and their labels: `python examples/pictures/draw.py`.

Nothing here comes from a data set or a font. A digit is a few strokes of a pen, given as points that a spline goes
through; a writer has a slant, a width, a favourite shape for each digit and a shaky hand; a look is the paper, the ink
and the camera. The same program draws the same pictures, byte for byte on one version of Pillow.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

HERE = Path(__file__).parent
FINE = 3  # strokes are drawn this many times larger, then reduced, which makes their edges soft

# The ways to write each digit. A stroke is a row of points "x,y" in percent of the digit's box, y going down; the
# spline through them is smooth except at the point before a "|"; ";" lifts the pen.
SHAPES = {
    "0": (
        "55,3 22,14 5,50 20,88 50,99 82,86 95,48 80,12 52,3 38,8",
        "70,8 40,1 12,30 10,72 42,99 80,82 92,40 74,6 56,2",
    ),
    "1": ("52,0 50,50 48,100", "22,24 54,0 | 52,50 50,100", "22,22 52,0 | 51,50 50,98; 18,99 50,98 84,97"),
    "2": (
        "8,22 25,4 58,0 84,20 76,46 45,74 6,98 | 50,95 96,98",
        "8,22 28,3 62,1 84,22 70,52 38,82 14,94 8,84 24,78 60,95 96,92",
    ),
    "3": (
        "12,12 42,0 78,10 80,32 40,47 | 78,54 90,78 62,98 28,99 6,86",
        "10,4 50,3 84,3 | 62,24 42,42 | 78,48 92,72 66,97 30,99 5,86",
    ),
    "4": ("18,2 14,30 12,56 | 50,57 98,54; 76,8 74,50 70,100", "72,100 71,50 70,0 | 40,34 6,68 | 50,68 98,67"),
    "5": (
        "88,3 52,3 22,4 | 18,24 14,43 | 46,36 84,50 86,76 58,98 26,98 6,86",
        "20,4 17,24 14,44 | 46,36 84,52 84,78 56,98 24,98 6,88; 20,4 50,4 92,1",
    ),
    "6": (
        "76,2 44,18 16,52 14,82 42,99 78,88 84,66 58,52 28,58 14,76",
        "60,0 34,28 14,62 20,90 50,100 80,86 78,64 50,54 20,68",
    ),
    "7": ("6,6 46,5 92,4 | 68,42 40,100", "6,6 46,5 92,4 | 68,42 40,100; 28,52 52,50 78,49"),
    "8": (
        "80,14 50,1 18,14 24,36 60,52 88,74 66,97 30,97 10,76 34,52 70,36 80,12",
        "50,48 22,30 28,6 54,0 80,10 78,34 50,48 18,66 14,90 50,100 86,90 84,64 48,46",
    ),
    "9": (
        "84,22 60,2 24,8 10,30 26,50 60,46 83,20 | 80,60 74,100",
        "82,24 58,2 22,10 12,34 34,50 66,42 82,18 | 84,56 66,92 26,96",
    ),
}

# Signs that stand among digits, and "~", a scribble that says nothing; everybody writes them alike.
SIGNS = {
    ".": ("46,95 54,101",),
    ",": ("58,92 56,104 40,122",),
    "-": ("12,56 50,52 90,55",),
    "/": ("84,-4 50,50 14,106",),
    "~": ("4,60 14,8 22,96 34,4 40,98 54,10 60,90 76,16 80,84 98,40 60,30 20,66 90,78",),
}


@dataclass(frozen=True)
class Writer:
    """How somebody writes: lengths in parts of a digit's height, slant as the tangent of the angle to the right."""

    slant: float
    width: float
    pen: float
    tremble: float
    shapes: dict[str, int]

    @classmethod
    def born(cls, rng: np.random.Generator, pen: float) -> Writer:
        """Draw the habits of a new writer; `pen` is the stroke's width."""
        shapes = {digit: int(rng.integers(len(ways))) for digit, ways in SHAPES.items()}
        return cls(rng.uniform(-0.05, 0.3), rng.uniform(0.5, 0.68), pen, rng.uniform(0.015, 0.036), shapes)


def spline(points: np.ndarray, steps: int = 24) -> np.ndarray:
    """Return points on the Catmull-Rom spline through `points` `(n, 2)`, `steps` of them for each of its pieces."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    before, start, end, after = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    curve = start + t / 2 * (
        end - before + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before))
    )
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def tremble(points: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Bend the plane smoothly, so that strokes that meet go on meeting; `amount` is the displacement in heights."""
    moved = points.copy()
    for _ in range(3):
        direction, phase = rng.uniform(0, 2 * np.pi, 2)
        wave = np.sin(rng.uniform(2, 7) * (points @ [np.cos(direction), np.sin(direction)]) + phase)
        moved += amount * wave[:, None] * rng.normal(size=2)
    return moved


def strokes(digit: str, writer: Writer, rng: np.random.Generator) -> list[np.ndarray]:
    """Return one writing of a digit as strokes `(n, 2)` in heights: x from 0 to the right, y from -1 (top) to 0."""
    ways = SIGNS.get(digit) or SHAPES[digit]
    way = writer.shapes.get(digit, 0) if rng.random() < 0.8 else int(rng.integers(len(ways)))
    size, turn = rng.uniform(0.88, 1.08), rng.normal(0, 0.035)
    width, slant = writer.width * rng.uniform(0.88, 1.12), writer.slant + rng.normal(0, 0.04)
    shape = np.array([[width, 0], [-slant, 1]]) @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    drawn = []
    for stroke in ways[way].split(";"):
        curve: list[np.ndarray] = []
        for smooth in stroke.split("|"):
            points = np.array([pair.split(",") for pair in smooth.split()], dtype=float) / 100 - [0, 1]
            curve.append(spline(np.concatenate([curve[-1][-1:], points]) if curve else points))
        drawn.append(np.concatenate(curve))
    lengths = np.cumsum([len(curve) for curve in drawn])[:-1]
    bent = tremble(np.concatenate(drawn), writer.tremble, rng) @ shape * size
    return np.split(bent - [bent[:, 0].min(), 0], lengths)


@dataclass
class Sheet:
    """A sheet to write on, `rows` by `columns` pixels; ink lies in a mask of its own, `FINE` times larger."""

    rows: int
    columns: int
    rng: np.random.Generator
    mask: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        self.mask = Image.new("L", (self.columns * FINE, self.rows * FINE))

    def write(self, text: str, writer: Writer, at: tuple[float, float], height: float, gap: float = 0.3) -> None:
        """Write digits from `at` (left end of the base line, pixels); `gap` lies between them, in heights."""
        left, base = at
        for character in text:
            if character == " ":
                left += height * 0.75
                continue
            drawn = strokes(character, writer, self.rng)
            lifted = base + self.rng.normal(0, 0.025) * height
            for stroke in drawn:
                self.stroke(stroke * height + [left, lifted], writer.pen * height)
            width = max(float(stroke[:, 0].max()) for stroke in drawn)
            left += height * (width + writer.pen + gap * self.rng.uniform(0.85, 1.15))

    def stroke(self, points: np.ndarray, pen: float) -> None:
        """Draw one stroke, thinner where the pen lands and lifts; `pen` is its width in pixels."""
        canvas = ImageDraw.Draw(self.mask)
        along = np.linspace(0, 1, len(points))
        pressure = 1 + 0.12 * np.sin(2 * np.pi * (along * self.rng.uniform(1, 2) + self.rng.random()))
        radii = pen / 2 * pressure * np.minimum(1, 0.7 + 6 * np.minimum(along, 1 - along)) * FINE
        for (x, y), radius in zip(points * FINE, radii, strict=True):
            canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)

    def ink(self) -> np.ndarray:
        """Return how much ink lies on each pixel, `(rows, columns)` from 0 to 1."""
        reduced = self.mask.resize((self.columns, self.rows), Image.Resampling.BOX)
        return np.asarray(reduced, dtype=np.float32) / 255


@dataclass(frozen=True)
class Look:
    """Paper, ink and camera: colours are red, green, blue from 0 to 255, the rest is said by its name."""

    paper: tuple[int, int, int] = (255, 255, 255)
    ink: tuple[int, int, int] = (20, 20, 25)
    lines: float = 0.0  # distance of ruled lines, in rows
    squares: bool = False
    line_ink: tuple[int, int, int] = (150, 180, 215)
    fibre: float = 0.0  # how rough the paper is, in grey levels
    patchy: float = 0.0  # part of the ink that did not take: pencil and chalk
    shadow: float = 0.0  # part of the light that the darkest corner lacks
    turn: float = 0.0  # degrees
    blur: float = 0.0  # pixels
    noise: float = 0.0  # the camera's, in grey levels

    def photograph(self, sheet: Sheet) -> Image.Image:
        """Return the sheet as this look shows it: in colour, or grey where it has no colour."""
        rng, ink = sheet.rng, sheet.ink()
        ink *= 1 - self.patchy * rough(ink.shape, 0.7, rng).clip(0, 1)
        picture = np.float32(self.paper) + self.fibre * rough(ink.shape, 1.2, rng)[..., None]
        if self.lines:
            for axis in (0, 1)[: 1 + self.squares]:
                place = np.arange(ink.shape[axis]) % self.lines < 1.5
                ruled = (place[:, None] if axis == 0 else place[None, :])[..., None]
                picture = np.where(ruled, 0.4 * picture + 0.6 * np.float32(self.line_ink), picture)
        picture = picture * (1 - ink[..., None]) + np.float32(self.ink) * ink[..., None]
        picture *= 1 - self.shadow * corner_shadow(ink.shape, rng)[..., None]
        image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
        if self.turn:
            image = image.rotate(self.turn, Image.Resampling.BICUBIC, fillcolor=self.paper)
            image = image.crop((12, 12, image.width - 12, image.height - 12))
        if self.blur:
            image = image.filter(ImageFilter.GaussianBlur(self.blur))
        if self.noise:
            grain = rng.normal(0, self.noise, (image.height, image.width, 1))
            image = Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))
        coloured = np.ptp([self.paper, self.ink], axis=1).max() > 8 or self.lines
        return image if coloured else image.convert("L")


def rough(shape: tuple[int, ...], width: float, rng: np.random.Generator) -> np.ndarray:
    """Return smooth noise of mean 0 and deviation 1; its grains are about `width` pixels wide."""
    noise = rng.normal(size=shape).astype(np.float32)
    reach = np.arange(-4, 5)
    kernel = np.exp(-(reach**2) / (2 * width**2))
    for axis in (0, 1):
        noise = sum(k * np.roll(noise, int(r), axis) for k, r in zip(kernel, reach, strict=True))
    return noise / noise.std()


def corner_shadow(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return the shadow of somebody bent over the sheet: 0 in the light, 1 in the darkest place, soft between."""
    rows, columns = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    slope = rows * np.sin(angle) + columns * np.cos(angle)
    return 1 / (1 + np.exp(-4 * (slope - 0.1)))


SCAN = Look()
FAINT = Look(paper=(244, 243, 240), ink=(120, 120, 126), fibre=2, patchy=0.15)
BLUE = Look(paper=(250, 249, 244), ink=(35, 50, 130), fibre=1.5)
RULED = Look(paper=(248, 248, 242), ink=(30, 35, 90), lines=56, fibre=2)
SQUARED = Look(paper=(250, 250, 248), ink=(25, 25, 30), lines=22, squares=True, line_ink=(195, 212, 232), fibre=1.5)
SHADOW = Look(paper=(226, 220, 208), ink=(45, 42, 48), fibre=4, shadow=0.55, turn=1.4, blur=0.7, noise=3)
NOISY = Look(paper=(205, 205, 200), ink=(70, 70, 75), fibre=5, shadow=0.2, blur=1.0, noise=10)
BOARD = Look(paper=(40, 62, 52), ink=(228, 230, 222), fibre=5, patchy=0.25, shadow=0.3, turn=-0.8, blur=0.6, noise=4)
SLATE = Look(paper=(38, 38, 42), ink=(215, 215, 215), fibre=4, patchy=0.2, noise=4)
PENCIL = Look(paper=(236, 233, 226), ink=(112, 110, 112), fibre=4, patchy=0.3, shadow=0.3, turn=-1.2, blur=0.5, noise=3)
KRAFT = Look(paper=(196, 160, 118), ink=(48, 34, 30), fibre=7, shadow=0.25, turn=1.0, blur=0.6, noise=4)

Row = tuple[str, ...]
# name, look, rows of digits (a space is a gap), height of a digit in pixels, pen's width in heights, gap in heights
PLAN: tuple[tuple[str, Look, Row, float, float, float], ...] = (
    ("digit-0.png", SCAN, ("0",), 70, 0.1, 0.3),
    ("digit-1.png", BLUE, ("1",), 64, 0.07, 0.3),
    ("digit-2.jpg", SHADOW, ("2",), 110, 0.09, 0.3),
    ("digit-3.png", FAINT, ("3",), 80, 0.08, 0.3),
    ("digit-4.png", SCAN, ("4",), 40, 0.11, 0.3),
    ("digit-5.jpg", BOARD, ("5",), 120, 0.1, 0.3),
    ("digit-6.png", SCAN, ("6",), 20, 0.13, 0.3),
    ("digit-7.jpg", BLUE, ("7",), 90, 0.06, 0.3),
    ("digit-8.jpg", KRAFT, ("8",), 100, 0.12, 0.3),
    ("digit-9.jpg", NOISY, ("9",), 90, 0.1, 0.3),
    ("row-scan.png", SCAN, ("0123456789",), 60, 0.09, 0.45),
    ("row-blue.jpg", BLUE, ("31415926",), 64, 0.07, 0.4),
    ("row-slate.jpg", SLATE, ("8675309",), 66, 0.1, 0.4),
    ("row-pencil.jpg", PENCIL, ("27182818",), 58, 0.06, 0.4),
    ("grid-scan.png", SCAN, ("1 2 3", "4 5 6", "7 8 9"), 54, 0.1, 0.3),
    ("grid-squared.jpg", SQUARED, ("5 0 4 1", "9 2 1 3", "1 4 3 5"), 52, 0.1, 0.3),
    ("grid-board.jpg", BOARD, ("8 1 6", "3 5 7", "4 9 2"), 70, 0.1, 0.3),
    ("field-year.png", SCAN, ("1998",), 48, 0.09, 0.25),
    ("field-amount.jpg", BLUE, ("125060",), 52, 0.07, 0.22),
    ("field-postcode.jpg", KRAFT, ("94110",), 56, 0.1, 0.25),
    ("field-meter.jpg", NOISY, ("073482",), 60, 0.1, 0.25),
    ("field-telephone.jpg", RULED, ("06479135",), 40, 0.08, 0.25),
    ("field-small.png", SCAN, ("30572",), 22, 0.1, 0.3),
    ("touching-two.png", SCAN, ("5047",), 56, 0.09, -0.07),
    ("touching-amount.jpg", BLUE, ("263800",), 52, 0.08, -0.05),
    ("page-scan.png", SCAN, ("20481", "7365", "910274", "58", "3360917", "4", "82596", "1703"), 48, 0.09, 0.35),
    ("page-ruled.jpg", RULED, ("1024 768", "640 480", "1920 1080", "3840 2160"), 38, 0.08, 0.3),
    ("page-columns.jpg", FAINT, ("12 907", "38 415", "64 230", "75 186"), 46, 0.08, 0.3),
    ("page-photo.jpg", SHADOW, ("314 159 265", "271 828 182", "141 421 356", "173 205 080", "161 803"), 50, 0.08, 0.3),
    ("photo-shadow.jpg", SHADOW, ("7041", "2659", "3380"), 66, 0.09, 0.35),
    ("photo-board.jpg", BOARD, ("602", "1945", "738"), 72, 0.11, 0.35),
    ("photo-note.jpg", PENCIL, ("4815", "162342"), 62, 0.07, 0.35),
    ("photo-label.jpg", KRAFT, ("20764", "9153"), 60, 0.1, 0.3),
    ("amount-decimal.png", SCAN, ("128.50",), 48, 0.08, 0.1),
    ("amount-indian.jpg", BLUE, ("1,75,000/-",), 50, 0.07, 0.0),
    ("amount-touching.jpg", PENCIL, ("26,300",), 56, 0.07, -0.06),
    ("amount-ruled.jpg", RULED, ("4.750,00",), 42, 0.08, 0.05),
    ("scribble.jpg", BLUE, ("~~",), 56, 0.07, -0.1),
)


def draw(name: str, look: Look, rows: Row, height: float, pen: float, gap: float) -> Image.Image:
    """Write `rows` below each other, all by one writer, on a sheet that leaves a margin, and photograph it."""
    rng = np.random.default_rng(crc32(name.encode()))
    writer = Writer.born(rng, pen)
    pitch = look.lines * round(1.9 * height / look.lines) if look.lines else 1.75 * height
    widest = max(sum(0.75 if digit == " " else 0.66 + pen + gap for digit in row) for row in rows)
    sheet = Sheet(int(pitch * len(rows) + 0.9 * height), int(height * (widest + 1.5)), rng)
    for i, row in enumerate(rows):
        margin = height * rng.uniform(0.55, 0.75 if name.startswith(("grid", "touching")) else 0.95)
        base = pitch * (i + 1) + height * (-0.12 if look.lines else 0.1)
        sheet.write(row, writer, (margin, base), height, gap)
    return look.photograph(sheet)


def save(folder: Path = HERE, report: Callable[[str], None] = print) -> None:
    """Draw every picture into `folder`, with `labels.jsonl` beside them."""
    labels = []
    for name, look, rows, height, pen, gap in PLAN:
        picture = draw(name, look, rows, height, pen, gap)
        if name.endswith(".png"):
            picture.save(folder / name, optimize=True)
        else:
            picture.save(folder / name, quality=72, optimize=True)
        labels.append(
            {"file": name, "kind": Path(name).stem.split("-")[0], "rows": [row.replace(" ", "") for row in rows]}
        )
        report(f"{name}  {picture.width}x{picture.height}")
    lines = "".join(json.dumps(label) + "\n" for label in labels)
    (folder / "labels.jsonl").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    save()
