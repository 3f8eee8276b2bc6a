// The regions of the photo that is shown, as the inspector marks them, and the drawing of missed ones.
import { chooseType, titleOf } from "./chooser.js";
import { showRegions } from "./desk.js";
import { say } from "./notices.js";
import { Pen } from "./pen.js";

const by = (id) => document.getElementById(id);
const keptUnder = (id) => `visiqc-draft-${id}`;
const cornersOf = ([x0, y0, x1, y1]) => [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
const boxOf = (corners) => {
  const xs = corners.map(([x]) => x), ys = corners.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
};

export const kept = (id) => sessionStorage.getItem(keptUnder(id));
export const keepAgain = (id, marked) => sessionStorage.setItem(keptUnder(id), marked);
export const forget = (id) => sessionStorage.removeItem(keptUnder(id));

export class Marks {
  #regions = [];
  #chosen = -1;
  #sheet;

  constructor(stage, root) {
    Object.assign(this, { stage, root });
  }

  // A photo's regions: as they were marked before a log-in or a look at another photo, or as they stand.
  begin(sheet) {
    const draft = JSON.parse(kept(sheet.id) ?? "null");
    const stands = sheet.reviews.reviews.find((review) => review.stands);
    this.#sheet = sheet;
    this.#chosen = -1;
    this.#regions = draft?.regions ?? sheet.regions.map((region) => ({ ...region, corners: cornersOf(region.box), code: region.type, dismissed: false }));
    if (!draft && stands) this.#takeOver(stands);
    if (by("note")) by("note").value = draft?.note ?? stands?.note ?? "";
  }

  #takeOver(review) {
    const own = review.regions.filter((region) => region.origin === "model");
    own.forEach((said, n) => { if (this.#regions[n]) Object.assign(this.#regions[n], { code: said.code, dismissed: said.dismissed }); });
    for (const drawn of review.regions.filter((region) => region.origin === "inspector")) {
      this.#regions.push({ nth: null, corners: drawn.shown, code: drawn.code, dismissed: false });
    }
  }

  keep() {
    keepAgain(this.#sheet.id, JSON.stringify({ regions: this.#regions, note: by("note")?.value ?? "" }));
  }

  get drawnByHand() {
    return this.#regions.some((region) => region.nth === null);
  }

  // The regions as an answer carries them.
  get said() {
    return this.#regions.map(({ nth, corners, code, dismissed }) =>
      nth === null ? { polygon: corners, code: code || "unknown", dismissed } : { nth, code, dismissed });
  }

  redraw() {
    showRegions(this.#regions, this.#chosen, (n) => this.choose(n));
    const shapes = this.#regions.map((region, n) => ({
      corners: region.corners,
      kind: [n === this.#chosen && "chosen", region.dismissed && "dismissed", region.nth === null && "by-hand"].filter(Boolean).join(" "),
    }));
    if (this.stage.pen) shapes.push({ corners: this.stage.pen.corners, kind: "draft" });
    this.stage.drawMarks(shapes);
  }

  choose(n) {
    if (!this.#regions.length) return say("There is no region");
    this.#chosen = (n + this.#regions.length) % this.#regions.length;
    const region = this.#regions[this.#chosen];
    this.stage.lookAt(boxOf(region.corners));
    this.redraw();
    by("regions").children[this.#chosen].scrollIntoView({ block: "nearest" });
    say(`Region ${this.#chosen + 1} of ${this.#regions.length}: ${titleOf(region.code) || "type not known"}`);
  }

  next() {
    this.choose(this.#chosen + 1);
  }

  previous() {
    this.choose(this.#chosen < 0 ? this.#regions.length - 1 : this.#chosen - 1);
  }

  // The chosen region, or else the first.
  #current() {
    if (this.#chosen < 0 && this.#regions.length) this.choose(0);
    return this.#regions[this.#chosen];
  }

  async changeType() {
    const region = this.#current();
    if (!region) return say("There is no region; d draws one");
    const code = await chooseType(region.code);
    if (!code) return;
    Object.assign(region, { code, dismissed: false });
    this.keep();
    this.redraw();
    say(`Region ${this.#chosen + 1} is now ${titleOf(code)}`);
  }

  dismiss() {
    const region = this.#current();
    if (!region) return say("There is no region");
    if (region.nth === null) {
      this.#regions.splice(this.#chosen, 1);
      this.#chosen = -1;
      say("What was drawn is removed");
    } else {
      region.dismissed = !region.dismissed;
      say(`Region ${this.#chosen + 1} is ${region.dismissed ? "dismissed" : "a defect"}`);
    }
    this.keep();
    this.redraw();
  }

  draw() {
    if (this.stage.pen) return this.#fix();
    this.stage.pen = new Pen(this.stage, this.#sheet.frame, () => this.redraw(), () => this.#fix());
    this.root.classList.add("drawing");
    this.redraw();
    say("Arrows move, Shift and arrows size, Enter keeps, Esc drops; or drag");
  }

  dropPen() {
    this.stage.pen = undefined;
    this.root.classList.remove("drawing");
  }

  async #fix() {
    this.#regions.push({ nth: null, corners: this.stage.pen.corners, code: "", dismissed: false });
    this.dropPen();
    this.#chosen = this.#regions.length - 1;
    this.keep();
    this.redraw();
    await this.changeType();
  }

  // Whether the pen took the key.
  penKey(event, [right, down] = [0, 0]) {
    if (event.key === "Escape") {
      this.dropPen();
      this.redraw();
      say("Nothing drawn");
    } else if (event.key === "Enter") {
      this.#fix();
    } else if (right || down) {
      this.stage.pen.arrow(right, down, event.shiftKey);
    } else {
      return false;
    }
    return true;
  }
}
