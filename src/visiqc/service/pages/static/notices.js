// What the page says: a line for what a key did, and a notice that stays until the next photo.
import { element } from "./desk.js";

const by = (id) => document.getElementById(id);
let passing = false;

export const say = (text) => { by("said").textContent = text; };

export function notice(text, link) {
  passing = false;
  tell(text, link);
}

// Who else is here is said only where nothing weightier stands, and goes when they go.
export function noticeOthers(text) {
  if (!by("notice").hidden && !passing) return;
  passing = true;
  tell(text);
}

function tell(text, link) {
  by("notice").hidden = !text;
  by("notice").replaceChildren(text, ...(link ? [" ", link] : []));
}

export function trouble(error) {
  if (error.status !== 401) return notice(error.message.replace(/[.]?$/, "."));
  const next = encodeURIComponent(location.pathname + location.search);
  notice("Your session is over; what you marked is kept here.", element("a", { text: "Log in again", href: `/login?next=${next}` }));
}
