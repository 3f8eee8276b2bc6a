// One photo after the other: look, mark, answer, next. Every key has a button that does the same.
import { answer, look, sheetOf } from "./api.js";
import { element, showFacts } from "./desk.js";
import { Marks, forget, keepAgain, kept } from "./marks.js";
import { notice, noticeOthers, say, trouble } from "./notices.js";
import { Stage, pictures } from "./stage.js";

const LOOK_EVERY_MS = 10_000;
const by = (id) => document.getElementById(id);
const root = by("sheet");
const query = root.dataset.query;
const mayAnswer = root.dataset.mayAnswer === "yes";
const stage = new Stage(by("panes"), { wipe: by("wipe"), zoom: by("zoom") });
const marks = new Marks(stage, root);
const upcoming = new Map();
const visited = [];
const answered = [];
const done = new Set();
let sheet, sending = Promise.resolve(), decided = 0, turn = 0;

const pressed = (name, on) => document.querySelector(`[data-do=${name}]`).setAttribute("aria-pressed", String(on));

// Shows a photo; `pressedAt` is when the key went down, to measure how long the picture took.
async function show(id, { push = true, pressedAt, back = false } = {}) {
  marks.dropPen();
  const mine = ++turn;
  let found;
  try {
    found = await (upcoming.get(id) ?? fetched(id));
  } catch (error) {
    return trouble(error);
  } finally {
    upcoming.delete(id);
  }
  if (mine !== turn) return; // another photo was asked for meanwhile
  if (sheet && !back) visited.push(sheet.id);
  sheet = found;
  notice("");
  marks.begin(sheet);
  await stage.show(sheet);
  if (mine !== turn) return;
  showFacts(sheet);
  marks.redraw();
  if (push) history.pushState({ id }, "", `/photos/${encodeURIComponent(id)}${query}`);
  if (pressedAt) requestAnimationFrame(() => performance.measure("key-to-picture", { start: pressedAt, end: performance.now() }));
  root.dataset.shown = id;
  tellOthers();
  prepare(sheet.next);
}

// What was decided since a sheet was fetched is not waiting any more.
async function fetched(id) {
  const before = decided, found = await sheetOf(id, query);
  return Object.defineProperty(found, "left", { get: () => Math.max(0, found.waiting - (decided - before)) });
}

function prepare(id) {
  if (!id || upcoming.has(id)) return;
  const coming = fetched(id);
  upcoming.set(id, coming);
  coming.then(pictures).catch(() => upcoming.delete(id));
}

// The next photo was named before the last answers; one that was answered here meanwhile is asked for anew.
async function following() {
  if (!done.has(sheet.next)) return sheet.next;
  await sending;
  const { next } = await sheetOf(sheet.id, query).catch(() => sheet);
  return done.has(next) ? null : next;
}

async function goOn(pressedAt) {
  const next = await following();
  if (next && next !== sheet.id) return show(next, { pressedAt });
  notice("That was the last one.", element("a", { text: "To the queue", href: `/queue${query}` }));
}

async function tellOthers() {
  if (!mayAnswer || document.hidden) return;
  const { id } = sheet;
  await sending; // an answer that was not taken is said first
  if (id !== sheet.id) return;
  try {
    const seen = await look(id);
    await sending; // what was answered here meanwhile is not news
    if (id !== sheet.id) return;
    const own = answered.some(({ review }) => review === seen.newest);
    if (seen.newest && !own && seen.newest !== sheet.reviews.newest) notice(`${seen.newest_by} answered ${seen.newest_decision} meanwhile.`);
    else noticeOthers(seen.others.length ? `${seen.others.join(", ")} ${seen.others.length > 1 ? "have" : "has"} this photo open too.` : "");
  } catch (error) {
    if (id === sheet.id) trouble(error);
  }
}

const WORDS = { accept: "Accepted", reject: "Rejected", retake: "Retake asked for", undone: "Taken back" };

function decide(decision, pressedAt) {
  if (!mayAnswer) return say("Your role may not answer photos");
  if (decision === "accept" && marks.drawnByHand) {
    return notice("You drew a defect on this photo: reject it, or remove what you drew (x) before you accept it.");
  }
  const answering = sheet;
  const said = decision === "accept" ? [] : marks.said;
  const body = { decision, supersedes: answering.reviews.newest, regions: said, note: by("note").value };
  const counted = answering.reviews.reviews.some((review) => review.stands) ? 0 : 1;
  marks.keep();
  const marked = kept(answering.id);
  done.add(answering.id);
  sending = sending.then(() => answer(answering.id, body)).then(
    (review) => {
      forget(answering.id);
      answered.push({ id: answering.id, review: review.id, marked });
      root.dataset.sent = answering.id;
    },
    (error) => refused(answering, error, counted),
  );
  decided += counted;
  say(`${WORDS[decision]}: ${by("title").textContent}. u undoes.`);
  goOn(pressedAt);
}

// An answer that was not taken: back to its photo, with the reason; as it is now, where it can be asked for.
async function refused(before, error, counted) {
  done.delete(before.id);
  decided -= counted;
  upcoming.delete(before.id);
  if (error.status === 401 || error.status === 0) upcoming.set(before.id, Promise.resolve(before));
  await show(before.id);
  say("Not taken");
  trouble(error);
}

async function undo() {
  await sending;
  const last = answered.pop();
  if (!last) return say("There is no answer of yours to undo");
  try {
    await answer(last.id, { decision: "undone", supersedes: last.review });
  } catch (error) {
    return trouble(error);
  }
  keepAgain(last.id, last.marked); // the answer is gone, the work on it is not
  upcoming.clear();
  done.delete(last.id);
  decided = 0;
  await show(last.id);
  say(`${WORDS.undone}. The answer stays in the record as undone.`);
}

function toggleMode(wanted) {
  stage.setMode(stage.mode === wanted ? "side" : wanted);
  pressed("mode", stage.mode === "slider");
  pressed("blink", stage.mode === "blink");
  document.querySelector(".wipe").hidden = stage.mode !== "slider";
  say({ side: "Side by side", slider: "Slider", blink: "Blinking" }[stage.mode]);
}

function wipe(by_) {
  by("wipe").value = Number(by("wipe").value) + by_;
  stage.lay();
}

const DO = {
  accept: (at) => decide("accept", at),
  reject: (at) => decide("reject", at),
  retake: (at) => decide("retake", at),
  next: goOn,
  previous: () => (visited.length ? show(visited.pop(), { back: true }) : say("There is no photo before this one")),
  undo,
  type: () => marks.changeType(),
  dismiss: () => marks.dismiss(),
  draw: () => marks.draw(),
  mode: () => toggleMode("slider"),
  blink: () => toggleMode("blink"),
  heat: () => {
    const on = stage.toggleHeat();
    pressed("heat", on);
    say(on ? "Heatmap on" : sheet.pictures.heat ? "Heatmap off" : "This photo has no heatmap");
  },
  marks: () => pressed("marks", stage.toggleMarks()),
  in: () => stage.zoom(1.4),
  out: () => stage.zoom(1 / 1.4),
  fit: () => stage.fit(),
  help: () => by("help").showModal(),
  wipeLeft: () => wipe(-5),
  wipeRight: () => wipe(5),
  nextRegion: () => marks.next(),
  previousRegion: () => marks.previous(),
};
const KEYS = {
  a: "accept", r: "reject", t: "retake", n: "next", j: "next", k: "previous", u: "undo", c: "type", x: "dismiss", d: "draw",
  s: "mode", b: "blink", h: "heat", m: "marks", "+": "in", "=": "in", "-": "out", "0": "fit", "?": "help",
  ",": "wipeLeft", ".": "wipeRight", "]": "nextRegion", "[": "previousRegion",
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PLACES = /^(?:Key([A-Z])|Digit(\d))$/;
const BRACKETS = { BracketLeft: "[", BracketRight: "]" };
const FOR_WRITING = "input:not([type=range]), select, textarea";

// What a key means: with Caps Lock too, and by its place where the keyboard writes another alphabet.
function keyOf({ key, code }) {
  if (key.length > 1 || key <= "~") return key.length > 1 ? key : key.toLowerCase();
  const [, letter, digit] = PLACES.exec(code) ?? [];
  return letter?.toLowerCase() ?? digit ?? BRACKETS[code] ?? key;
}

// AltGr, which reads as Ctrl and Alt, writes the brackets on many keyboards.
const forTheBrowser = (event) => event.metaKey || ((event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph"));

document.addEventListener("keydown", (event) => {
  if (forTheBrowser(event) || !sheet || document.querySelector("dialog[open]")) return;
  if (event.target.closest(FOR_WRITING) && !event.target.closest("dialog")) { // a closed dialog may still have the focus
    if (event.key === "Escape" || event.key === "Enter") event.target.blur();
    return;
  }
  if (stage.pen && marks.penKey(event, ARROWS[event.key])) return event.preventDefault();
  const key = keyOf(event);
  if (event.key in ARROWS && !event.target.closest("input")) {
    const [right, down] = ARROWS[event.key];
    stage.move(-60 * right, -60 * down);
  } else if (key in KEYS && !event.repeat) {
    DO[KEYS[key]](event.timeStamp);
  } else {
    return;
  }
  event.preventDefault();
});
root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button && sheet) DO[button.dataset.do](event.timeStamp);
});
addEventListener("popstate", () => show(decodeURIComponent(location.pathname.split("/").pop()), { push: false, back: true }));
by("note")?.addEventListener("input", () => marks.keep());
setInterval(() => sheet && tellOthers(), LOOK_EVERY_MS);
if (matchMedia("(max-width: 860px)").matches) toggleMode("slider");
show(root.dataset.id, { push: false });
