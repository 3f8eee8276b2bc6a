// Golden and photo on one frame: the same zoom and place in both, slider, blink, heatmap, outlines.
const MOST = 40;
const BLINK_MS = 450;
const SVG = "http://www.w3.org/2000/svg";

export class Stage {
  constructor(panes, { wipe, zoom }) {
    Object.assign(this, { panes, wipe, zoomText: zoom, scale: 1, x: 0, y: 0, frame: { width: 4, height: 3, full: 1 } });
    this.sides = [...panes.querySelectorAll(".pane")].map((pane) => ({
      name: pane.dataset.side,
      pane,
      view: pane.querySelector(".view"),
      layer: pane.querySelector(".layer"),
      shot: pane.querySelector(".shot"),
      fine: pane.querySelector(".fine"),
      heat: pane.querySelector(".heat"),
      marks: pane.querySelector(".marks"),
    }));
    this.line = panes.appendChild(document.createElement("div"));
    this.line.className = "wipe-line";
    this.mode = "side";
    this.heatOn = false;
    this.marksOn = true;
    new ResizeObserver(() => this.lay()).observe(panes);
    wipe.addEventListener("input", () => this.lay());
    for (const side of this.sides) this.#listen(side.view);
  }

  // Shows pictures that are decoded already, so that nothing flickers.
  async show(sheet) {
    this.pictures = sheet.pictures;
    this.frame = sheet.frame;
    const fresh = await pictures(sheet);
    if (this.pictures !== sheet.pictures) return; // another photo was asked for meanwhile
    this.sides.forEach((side, n) => {
      side.shot.replaceWith(fresh[n]);
      fresh[n].className = "shot";
      side.shot = fresh[n];
      side.fine.hidden = true;
      side.fine.removeAttribute("src");
      side.marks.setAttribute("viewBox", `0 0 ${sheet.frame.width} ${sheet.frame.height}`);
    });
    this.#heat();
    this.fit();
  }

  get fitted() {
    const { clientWidth: width, clientHeight: height } = this.sides[0].view;
    return Math.min(width / this.frame.width, height / this.frame.height) || 1;
  }

  lay() {
    const total = this.fitted * this.scale;
    const { clientWidth: width, clientHeight: height } = this.sides[0].view;
    const across = this.frame.width * total, down = this.frame.height * total;
    this.x = across <= width ? (width - across) / 2 : Math.min(0, Math.max(width - across, this.x));
    this.y = down <= height ? (height - down) / 2 : Math.min(0, Math.max(height - down, this.y));
    for (const side of this.sides) {
      Object.assign(side.layer.style, { width: `${this.frame.width}px`, height: `${this.frame.height}px` });
      side.layer.style.transform = `translate(${this.x}px, ${this.y}px) scale(${total})`;
      side.marks.style.setProperty("--line", 1 / total);
      side.marks.toggleAttribute("hidden", !this.marksOn);
    }
    const cut = this.mode === "slider" ? Number(this.wipe.value) : 100;
    this.sides[0].pane.style.clipPath = cut < 100 ? `inset(0 ${100 - cut}% 0 0)` : "";
    this.line.style.left = `${cut}%`;
    this.zoomText.value = `${Math.round(this.scale * 100)} %`;
    if (total * devicePixelRatio > 1.15 && this.frame.full > 1.05) this.#fine();
  }

  // The photo's own resolution is asked for only when somebody looks that close.
  #fine() {
    for (const side of this.sides) {
      const url = this.pictures[`${side.name}_full`];
      if (side.fine.getAttribute("src") === url) continue;
      side.fine.src = url;
      side.fine.decode().then(() => { if (side.fine.getAttribute("src") === url) side.fine.hidden = false; }, () => {});
    }
  }

  #heat() {
    for (const side of this.sides) {
      const url = this.heatOn && this.pictures?.heat;
      if (url) side.heat.src = url;
      side.heat.hidden = !url;
    }
  }

  toggleHeat() {
    this.heatOn = !this.heatOn && Boolean(this.pictures?.heat);
    this.#heat();
    return this.heatOn;
  }

  toggleMarks() {
    this.marksOn = !this.marksOn;
    this.lay();
    return this.marksOn;
  }

  setMode(mode) {
    clearInterval(this.blinking);
    this.mode = this.panes.dataset.mode = mode;
    this.panes.classList.remove("other");
    if (mode === "blink") {
      const every = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1500 : BLINK_MS;
      this.blinking = setInterval(() => this.panes.classList.toggle("other"), every);
    }
    this.lay();
  }

  fit() {
    Object.assign(this, { scale: 1, x: 0, y: 0 });
    this.lay();
  }

  zoom(by, at) {
    const { clientWidth: width, clientHeight: height } = this.sides[0].view;
    const [px, py] = at ?? [width / 2, height / 2];
    const next = Math.min(MOST, Math.max(1, this.scale * by)), ratio = next / this.scale;
    this.x = px - (px - this.x) * ratio;
    this.y = py - (py - this.y) * ratio;
    this.scale = next;
    this.lay();
  }

  move(right, down) {
    this.x += right;
    this.y += down;
    this.lay();
  }

  // A box of the frame in the middle, a third of the view wide.
  lookAt([x0, y0, x1, y1]) {
    const { clientWidth: width, clientHeight: height } = this.sides[0].view;
    const wanted = Math.min(width / (3 * (x1 - x0)), height / (3 * (y1 - y0))) / this.fitted;
    this.scale = Math.min(8, Math.max(1, wanted));
    const total = this.fitted * this.scale;
    this.x = width / 2 - ((x0 + x1) / 2) * total;
    this.y = height / 2 - ((y0 + y1) / 2) * total;
    this.lay();
  }

  // What of the frame is seen: [x0, y0, x1, y1].
  get seen() {
    const total = this.fitted * this.scale, { clientWidth: width, clientHeight: height } = this.sides[0].view;
    const inside = (value, most) => Math.min(most, Math.max(0, value));
    return [
      inside(-this.x / total, this.frame.width), inside(-this.y / total, this.frame.height),
      inside((width - this.x) / total, this.frame.width), inside((height - this.y) / total, this.frame.height),
    ];
  }

  drawMarks(shapes) {
    for (const side of this.sides) {
      side.marks.replaceChildren(...shapes.map(({ corners, kind }) => {
        const shape = document.createElementNS(SVG, "polygon");
        shape.setAttribute("points", corners.map((corner) => corner.join(",")).join(" "));
        shape.setAttribute("class", kind);
        return shape;
      }));
    }
  }

  #listen(view) {
    const held = new Map();
    const place = (event) => {
      const box = view.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const inFrame = ([x, y]) => {
      const total = this.fitted * this.scale;
      return [(x - this.x) / total, (y - this.y) / total];
    };
    view.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * 0.002), place(event));
    }, { passive: false });
    view.addEventListener("pointerdown", (event) => {
      view.setPointerCapture(event.pointerId);
      held.set(event.pointerId, place(event));
      if (this.pen) this.pen.begin(inFrame(place(event)));
      else view.classList.add("moving");
    });
    view.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const now = place(event);
      if (this.pen) {
        this.pen.drag(inFrame(now));
      } else if (held.size === 2) {
        const [other] = [...held].filter(([id]) => id !== event.pointerId).map(([, spot]) => spot);
        this.zoom(apart(now, other) / Math.max(1, apart(before, other)), other);
      } else {
        this.move(now[0] - before[0], now[1] - before[1]);
      }
      held.set(event.pointerId, now);
    });
    const let_go = (event) => {
      if (held.delete(event.pointerId) && this.pen) this.pen.end();
      view.classList.remove("moving");
    };
    view.addEventListener("pointerup", let_go);
    view.addEventListener("pointercancel", let_go);
  }
}

const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
const decoded = new Map();

// Golden and photo of a sheet, decoded; asked for early, they are there when the sheet is shown.
export function pictures(sheet) {
  const kept = decoded.get(sheet.id) ?? Promise.all(["golden", "upload"].map(async (side) => {
    const picture = new Image();
    picture.alt = "";
    picture.src = sheet.pictures[side];
    await picture.decode().catch(() => {});
    return picture;
  }));
  decoded.delete(sheet.id);
  decoded.set(sheet.id, kept);
  if (decoded.size > 6) decoded.delete(decoded.keys().next().value);
  return kept;
}
