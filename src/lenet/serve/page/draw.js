// The drawing surface: strokes of mouse, finger or pen in a square of 512 units, over a picture where one was laid.

export const UNITS = 512;
const PEN = 36; // width of the visible pen, in units
const SIDE = 96; // pixels of the square of ink that is sent
const BOX = 78; // of these, the longer side of what is drawn
const INK_PEN = 11; // and the pen: what is drawn small is enlarged, and its pen with it, as if written at one size
const SMALLEST = 40; // units: a dot is not enlarged to a whole digit

export class Surface {
  /** `changed(event)` is called at every change; `event` is the pointer's, where there is one. */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.strokes = [];
    this.picture = null;
    this.pen = null;
    this.context = canvas.getContext("2d");
    const square = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    this.square = square.getContext("2d", { willReadFrequently: true });
    this.listen();
    new ResizeObserver(() => this.redraw()).observe(canvas);
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      canvas.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      if (this.shown) this.set([]); // the first stroke takes the place of what was only shown
      this.pen = event.pointerId;
      this.box = canvas.getBoundingClientRect();
      this.strokes.push([this.place(event)]);
      this.inked(event);
    });
    // Raw updates come as the hand moves, not once a frame: the answer can then be there in the same frame.
    canvas.addEventListener("onpointerrawupdate" in canvas ? "pointerrawupdate" : "pointermove", (event) => {
      if (event.pointerId !== this.pen) return;
      const stroke = this.strokes.at(-1);
      const events = event.getCoalescedEvents?.() ?? [];
      for (const one of events.length ? events : [event]) {
        const [x, y] = this.place(one), [lastX, lastY] = stroke.at(-1);
        if (Math.hypot(x - lastX, y - lastY) >= 3) stroke.push([x, y]);
      }
      this.inked(event);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => {
        if (event.pointerId === this.pen) this.pen = null;
      });
    }
    addEventListener("scroll", () => (this.box = canvas.getBoundingClientRect()), { capture: true, passive: true });
  }

  /**
   * Where on the surface an event is, in units. Where the surface is, is asked once a stroke: asked at every movement,
   * it would have the whole page laid out between an answer and the next question.
   */
  place(event) {
    const { box } = this;
    const within = (value) => Math.max(0, Math.min(UNITS - 1, Math.round(value * UNITS)));
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  }

  /** Add the end of the last stroke to what is seen. */
  inked(event) {
    const stroke = this.strokes.at(-1);
    this.trace(this.context, [stroke.slice(-4)]);
    this.changed(event);
  }

  get empty() {
    return !this.strokes.length && !this.picture;
  }

  /** Put strokes on the surface, or a picture; with `shown` only until somebody draws. */
  set(strokes, picture = null, shown = false) {
    this.strokes = strokes;
    this.picture = picture;
    this.shown = shown;
    this.pen = null; // what the hand is drawing meanwhile is gone
    this.redraw();
    this.changed();
  }

  undo() {
    if (this.strokes.length) this.set(this.strokes.slice(0, -1), this.picture);
    else this.set([], null);
  }

  /** Lay a picture of ink (bytes, paper 0) on the surface, as large as a digit that is drawn. */
  lay(bytes, rows, columns) {
    const scale = (0.7 * UNITS) / Math.max(rows, columns);
    const image = new ImageData(columns, rows);
    bytes.forEach((value, i) => (image.data[4 * i + 3] = value));
    const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
    canvas.getContext("2d").putImageData(image, 0, 0);
    const [width, height] = [columns * scale, rows * scale];
    this.set([], { canvas, left: (UNITS - width) / 2, top: (UNITS - height) / 2, width, height });
  }

  redraw() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (!side) return;
    this.canvas.width = this.canvas.height = side;
    this.colour = getComputedStyle(this.canvas).color;
    this.box = this.canvas.getBoundingClientRect();
    const { context } = this;
    context.setTransform(side / UNITS, 0, 0, side / UNITS, 0, 0);
    if (this.picture) {
      const { canvas, left, top, width, height } = this.picture;
      context.drawImage(canvas, left, top, width, height);
      context.globalCompositeOperation = "source-in"; // the picture is opacity alone; give it the colour of ink
      context.fillStyle = this.colour;
      context.fillRect(0, 0, UNITS, UNITS);
      context.globalCompositeOperation = "source-over";
    }
    this.trace(context, this.strokes);
  }

  trace(context, strokes, width = PEN, colour = this.colour) {
    Object.assign(context, { lineWidth: width, lineCap: "round", lineJoin: "round", strokeStyle: colour });
    context.beginPath();
    for (const [[x, y], ...rest] of strokes) {
      context.moveTo(x, y);
      if (!rest.length) context.lineTo(x + 0.1, y);
      for (const [nextX, nextY] of rest) context.lineTo(nextX, nextY);
    }
    context.stroke();
  }

  /** Left, top, right, bottom of the middle of all strokes and of the picture, in units; null where nothing is. */
  bounds() {
    if (this.empty) return null;
    const box = [UNITS, UNITS, 0, 0];
    const reach = (x, y) => {
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x > box[2]) box[2] = x;
      if (y > box[3]) box[3] = y;
    };
    for (const stroke of this.strokes) for (const [x, y] of stroke) reach(x, y);
    if (this.picture) {
      const { left, top, width, height } = this.picture;
      reach(left, top);
      reach(left + width, top + height);
    }
    return box;
  }

  /** The square of ink that the server gets, as bytes; null where nothing is drawn. */
  ink() {
    const box = this.bounds();
    if (!box) return null;
    const { square } = this;
    const scale = BOX / Math.max(box[2] - box[0], box[3] - box[1], SMALLEST);
    square.setTransform(1, 0, 0, 1, 0, 0);
    square.clearRect(0, 0, SIDE, SIDE);
    const shift = [0, 1].map((axis) => SIDE / 2 - (scale * (box[axis] + box[axis + 2])) / 2);
    square.setTransform(scale, 0, 0, scale, ...shift);
    if (this.picture) {
      const { canvas, left, top, width, height } = this.picture;
      square.drawImage(canvas, left, top, width, height);
    }
    this.trace(square, this.strokes, INK_PEN / scale, "#000");
    const { data } = square.getImageData(0, 0, SIDE, SIDE);
    const bytes = new Uint8Array(SIDE * SIDE);
    for (let i = 0; i < bytes.length; i++) bytes[i] = data[4 * i + 3];
    return bytes;
  }
}
