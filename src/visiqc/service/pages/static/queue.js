// The queue by keyboard: Enter starts with the first photo, arrows or j and k walk the rows.
const rows = [...document.querySelectorAll(".rows a")];
const start = document.getElementById("start");

for (const select of document.querySelectorAll(".filters select")) {
  select.addEventListener("change", () => {
    if (select.id === "order") document.getElementById("lot").value = "";
    select.form.requestSubmit();
  });
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("select, input, button") || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = rows.indexOf(document.activeElement);
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (step) {
    rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.focus();
    event.preventDefault();
  } else if (event.key === "Enter" && !event.target.closest("a")) {
    start?.click();
  }
});
