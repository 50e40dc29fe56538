// Rows of a form that come and go, bytes as WeChat counts them. Without it every row shows all
// its fields, and the server adds rows.
"use strict";

for (const group of document.querySelectorAll("[data-rows]")) {
  const list = group.querySelector("[data-list]");
  const rows = () => [...list.querySelectorAll(":scope > [data-row]")];
  const wake = (row) => {
    for (const button of row.querySelectorAll("[data-remove], [data-up]")) button.hidden = false;
    shape(row);
  };
  const tell = () => group.dispatchEvent(new Event("change", { bubbles: true }));

  group.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const row = button.closest("[data-row]");
    if ("add" in button.dataset) {
      event.preventDefault();
      const fresh = group.querySelector("template").content.firstElementChild.cloneNode(true);
      list.append(fresh);
      number();
      wake(fresh);
      fresh.querySelector("input, textarea, select").focus();
    } else if ("remove" in button.dataset) {
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      (next ? next.querySelector("select") : group.querySelector("[data-add]")).focus();
    } else if ("up" in button.dataset && row.previousElementSibling) {
      row.previousElementSibling.before(row);
      button.focus();
    } else {
      return;
    }
    number();
    tell();
  });
  group.addEventListener("change", (event) => {
    const row = event.target.closest("[data-row]");
    if (row) shape(row);
  });
  rows().forEach(wake);

  function number() {
    rows().forEach((row, index) => {
      for (const field of row.querySelectorAll("[aria-label]")) {
        field.setAttribute("aria-label", field.getAttribute("aria-label").replace(/第 \S+ /, `第 ${index + 1} `));
      }
    });
  }
}

// Only the fields of the chosen kind.
function shape(row) {
  const kind = row.querySelector("[name=reply_kind]");
  if (!kind) return;
  for (const part of row.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").includes(kind.value);
  }
}

document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-most-bytes]");
  if (field) count(field);
});
document.querySelectorAll("[data-most-bytes]").forEach(count);

function count(field) {
  const shown = field.closest("[data-row], form").querySelector("[data-bytes-shown]");
  const bytes = new TextEncoder().encode(field.value.trim()).length;
  shown.textContent = bytes.toLocaleString("en-US");
  shown.classList.toggle("wt-over", bytes > Number(field.dataset.mostBytes));
}
