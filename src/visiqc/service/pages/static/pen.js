// Drawing what the models missed: a box by mouse or finger, or by arrow keys.
const SHARE = 0.14;
const SMALLEST = 4;

export class Pen {
  constructor(stage, frame, changed, finished) {
    const [x0, y0, x1, y1] = stage.seen;
    const side = SHARE * Math.min(x1 - x0, y1 - y0);
    this.box = [(x0 + x1 - side) / 2, (y0 + y1 - side) / 2, (x0 + x1 + side) / 2, (y0 + y1 + side) / 2];
    Object.assign(this, { stage, frame, changed, finished });
  }

  get corners() {
    const [x0, y0, x1, y1] = this.box.map((value) => Math.round(value * 10) / 10);
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  }

  // Arrow keys move by a hundredth of what is seen; with Shift they size.
  arrow(right, down, sizing) {
    const [x0, , x1] = this.stage.seen, step = (x1 - x0) / 100;
    const [dx, dy] = [right * step, down * step];
    const [a, b, c, d] = this.box;
    this.#set(sizing ? [a, b, Math.max(a + SMALLEST, c + dx), Math.max(b + SMALLEST, d + dy)] : [a + dx, b + dy, c + dx, d + dy]);
  }

  begin([x, y]) {
    this.from = [x, y];
    this.dragged = false;
  }

  drag([x, y]) {
    const [fx, fy] = this.from;
    this.dragged ||= Math.hypot(x - fx, y - fy) > SMALLEST;
    if (this.dragged) this.#set([Math.min(x, fx), Math.min(y, fy), Math.max(x, fx), Math.max(y, fy)]);
  }

  end() {
    if (this.dragged) this.finished();
  }

  #set([x0, y0, x1, y1]) {
    const { width, height } = this.frame;
    const inside = (value, most) => Math.min(most, Math.max(0, value));
    this.box = [inside(x0, width - SMALLEST), inside(y0, height - SMALLEST), inside(x1, width), inside(y1, height)];
    this.changed();
  }
}
