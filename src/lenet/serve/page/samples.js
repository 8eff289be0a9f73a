// Ten digits of our own, as points that a smooth curve goes through; "|" is a corner, ";" lifts the pen.
import { UNITS } from "./draw.js";

const SHAPES = [
  "55,3 22,14 5,50 20,88 50,99 82,86 95,48 80,12 52,3",
  "22,24 54,0 | 52,50 50,100",
  "8,22 25,4 58,0 84,20 76,46 45,74 6,98 | 50,95 96,98",
  "12,12 42,0 78,10 80,32 40,47 | 78,54 90,78 62,98 28,99 6,86",
  "18,2 14,30 12,56 | 50,57 98,54; 76,8 74,50 70,100",
  "20,4 17,24 14,44 | 46,36 84,52 84,78 56,98 24,98 6,88; 20,4 50,4 92,1",
  "76,2 44,18 16,52 14,82 42,99 78,88 84,66 58,52 28,58 14,76",
  "6,6 46,5 92,4 | 68,42 40,100",
  "80,14 50,1 18,14 24,36 60,52 88,74 66,97 30,97 10,76 34,52 70,36 80,12",
  "84,22 60,2 24,8 10,30 26,50 60,46 83,20 | 80,60 74,100",
];

/** Points on the Catmull-Rom spline through the given ones. */
function curve(points) {
  const mirrored = (a, b) => [2 * a[0] - b[0], 2 * a[1] - b[1]];
  const all = [mirrored(points[0], points[1]), ...points, mirrored(points.at(-1), points.at(-2))];
  const found = [];
  for (let i = 1; i < all.length - 2; i++) {
    const [a, b, c, d] = all.slice(i - 1, i + 3);
    for (let t = 0; t < 1; t += 1 / 8) {
      found.push([0, 1].map((k) => b[k] + (t / 2) * (c[k] - a[k] + t * (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k] +
        t * (3 * (b[k] - c[k]) + d[k] - a[k])))));
    }
  }
  return [...found, points.at(-1)];
}

/** The strokes of a sample, in units of the drawing surface. */
export function sample(digit) {
  const [left, top, width, height] = [0.26, 0.14, 0.46, 0.72].map((share) => share * UNITS);
  return SHAPES[digit].split(";").map((stroke) => {
    let points = [];
    for (const smooth of stroke.split("|")) {
      const given = smooth.trim().split(" ").map((pair) => pair.split(",").map(Number));
      points = points.concat(curve(points.length ? [points.at(-1), ...given] : given));
    }
    return points.map(([x, y]) => [Math.round(left + (x * width) / 100), Math.round(top + (y * height) / 100)]);
  });
}
