// The list of defect types: type a part of a name, arrows choose, Enter takes.
const dialog = document.getElementById("chooser");
const search = document.getElementById("chooser-search");
const options = [...document.querySelectorAll("#chooser-list li")];
let done = () => {};

const shown = () => options.filter((option) => !option.hidden);
const current = () => options.find((option) => option.getAttribute("aria-selected") === "true");

function choose(option) {
  for (const each of options) each.setAttribute("aria-selected", String(each === option));
  if (option) {
    search.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    search.removeAttribute("aria-activedescendant");
  }
}

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const option of options) {
    const text = `${option.dataset.code} ${option.dataset.title}`.toLowerCase();
    option.hidden = !words.every((word) => text.includes(word));
  }
  // "miss" means a missing stone before "incomplete fill, missing detail".
  const begins = (option) => [option.dataset.title, option.dataset.code].some((text) => text.toLowerCase().startsWith(words[0] ?? ""));
  choose(shown().find(begins) ?? shown()[0]);
}

function take(option) {
  search.blur(); // else keys typed at once would still go to the hidden field
  dialog.close(option?.dataset.code ?? "");
}

search.addEventListener("input", filter);
search.addEventListener("keydown", (event) => {
  if (!dialog.open) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const list = shown();
    choose(list[(list.indexOf(current()) + step + list.length) % list.length]);
    event.preventDefault();
  } else if (event.key === "Enter") {
    take(current());
    event.preventDefault();
  }
  event.stopPropagation();
});
for (const option of options) option.addEventListener("click", () => take(option));
dialog.addEventListener("close", () => done(dialog.returnValue));

// Resolves to a code, or to "" where nothing was taken.
export function chooseType(code) {
  search.value = "";
  dialog.returnValue = "";
  for (const option of options) option.hidden = false;
  dialog.showModal();
  choose(options.find((option) => option.dataset.code === code) ?? options[0]);
  search.focus();
  return new Promise((resolve) => { done = resolve; });
}

export const titleOf = (code) => options.find((option) => option.dataset.code === code)?.dataset.title ?? "";
