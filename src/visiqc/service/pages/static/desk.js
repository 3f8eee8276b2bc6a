// The panel beside the pictures: regions, numbers, answers.
import { titleOf } from "./chooser.js";

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const by = (id) => document.getElementById(id);

export function element(name, { text = "", className = "", ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...(text ? [text] : []), ...children);
  return made;
}

const fact = (what, value, className = "") => [element("dt", { text: what }), element("dd", { text: value, className })];
const minute = (at) => at.slice(0, 16).replace("T", " ");
const note = (text) => element("dd", { text, className: "whole" });

export function showRegions(regions, chosen, choose) {
  by("regions-count").replaceChildren(...(regions.length > 1 ? [`${regions.length}, `, element("kbd", { text: "[" }), " ", element("kbd", { text: "]" })] : [String(regions.length || "none")]));
  by("regions").replaceChildren(...regions.map((region, n) => {
    const name = region.code && region.code !== "unknown" ? `${titleOf(region.code) || region.title} (${region.code})` : "type not known";
    const more = region.nth === null ? "drawn by hand" : `p ${number.format(region.p_value)}, ${number.format(region.area_px)} px`;
    const button = element(
      "button", { type: "button", "aria-current": String(n === chosen), className: region.dismissed ? "dismissed" : "" },
      element("span", { text: String(n + 1) }), element("span", { text: name, className: "name" }),
      element("span", { text: region.dismissed ? "dismissed" : "" }), element("span", { text: more, className: "more" }),
    );
    button.addEventListener("click", () => choose(n));
    return element("li", {}, button);
  }));
}

export function showFacts(sheet) {
  by("title").textContent = sheet.place
    ? `${sheet.place.order} · ${sheet.place.lot} · ${sheet.place.milestone} · unit ${sheet.place.unit}, ${sheet.place.view}`
    : `${sheet.sku} · ${sheet.photo_name}`;
  document.title = `${by("title").textContent} · VisiQC`;
  by("outcome").className = `outcome ${(sheet.outcome ?? "").toLowerCase()}`;
  by("outcome").textContent = (sheet.outcome ?? "not scored").replace("_", " ");
  by("waiting").textContent = `${sheet.left} waiting`;
  const repeats = sheet.repeats ? [element("li", { text: sheet.repeats.message, className: "repeats" })] : [];
  const reasons = sheet.reasons.map((reason) => element("li", { text: reason.message }));
  by("reasons").replaceChildren(...repeats, ...rescoredReasons(sheet.rescored), ...reasons);
  by("score").replaceChildren(...scoreFacts(sheet));
  by("quality").replaceChildren(...sheet.quality.flatMap(qualityFact));
  showHistory(sheet.reviews);
}

// Why a photo waits whose verdict of record did not ask for anybody.
const rescoredReasons = (rescored) => rescored === null ? [] : [
  element("li", { text: rescored.said, className: "rescored" }),
  ...rescored.reasons.map((reason) => element("li", { text: `now: ${reason.message}` })),
];

function scoreFacts({ calibration, identity, threshold_from, sku, golden_version, golden_view, received_at, sent_by }) {
  const held = calibration ? [
    ...fact("score", number.format(calibration.score)),
    ...fact("threshold", Number.isFinite(calibration.review_threshold) ? number.format(calibration.review_threshold) : "none"),
    ...fact("p-value", `${number.format(calibration.p_value)} (review at ${calibration.alpha_review})`),
    note(threshold_from),
  ] : [note("This photo was not compared.")];
  const known = identity ? fact("same design", `${number.format(identity.similarity)} (${identity.accepted ? "yes" : "no"})`) : [];
  return [...held, ...known, note(`Golden: ${sku}, version ${golden_version}${golden_view ? `, ${golden_view}` : ""}`), note(`Sent ${minute(received_at)} UTC${sent_by ? ` by ${sent_by}` : ""}`)];
}

// On which side of its limit a figure is good.
const sideOf = ({ value, limit, passed }) => value === limit ? "limit" : passed === value < limit ? "at most" : "at least";
const qualityFact = (measured) => {
  const { name, value, limit, passed } = measured;
  const held = limit === null ? "" : ` (${sideOf(measured)} ${number.format(limit)})`;
  return fact(name.replaceAll("_", " "), `${number.format(value)}${held}`, passed ? "" : "failed");
};

function showHistory({ reviews }) {
  by("history").replaceChildren(...(reviews.length ? reviews : [null]).map((review) => review
    ? element("li", { text: `${review.decision}, ${review.author}, ${minute(review.made_at)}${review.note ? `: ${review.note}` : ""}`, className: review.stands ? "" : "gone" })
    : element("li", { text: "nobody yet", className: "note" })));
  const stands = reviews.find((review) => review.stands)?.decision;
  for (const name of ["accept", "reject", "retake"]) document.querySelector(`.decide .${name}`)?.classList.toggle("stands", name === stands);
}
