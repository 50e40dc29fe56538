// The editor of pushes: the order of channels, fields of chosen ones only, slots. Without it every
// field is shown, channels keep the order of the page, and the server says what is wrong.
"use strict";

const form = document.getElementById("push-form");
const cascade = form.querySelector("[data-cascade]");
let last = null;

// Fields of channels and texts that are not chosen neither show nor count.
function shape() {
  const chosen = [...cascade.querySelectorAll("input:checked")].map((box) => box.value);
  const count = document.getElementById("variant_count").value;
  for (const part of form.querySelectorAll("[data-channel]")) {
    part.hidden = part.disabled = !chosen.includes(part.dataset.channel);
  }
  for (const part of form.querySelectorAll("[data-version]")) {
    part.disabled = !part.dataset.version.split(",").includes(count);
  }
  const rows = [...cascade.children];
  rows.forEach((row, index) => {
    row.querySelector("[data-move=up]").disabled = index === 0;
    row.querySelector("[data-move=down]").disabled = index === rows.length - 1;
  });
}

for (const button of form.querySelectorAll("[data-move], [data-more]")) button.hidden = false;
form.addEventListener("change", shape);
shape();

// A further text begins as the first one: mostly a few words differ.
document.getElementById("variant_count").addEventListener("change", (event) => {
  for (const letter of ["b", "c"].slice(0, Number(event.target.value) - 1)) {
    const mine = [...form.querySelectorAll(`[name^="${letter}."]`)].filter((field) => !field.name.endsWith(".share"));
    if (mine.some((field) => field.tagName !== "SELECT" && field.value)) continue;
    for (const name of new Set(mine.map((field) => field.name))) {
      const from = [...form.querySelectorAll(`[name="a${name.slice(1)}"]`)];
      let to = [...form.querySelectorAll(`[name="${name}"]`)];
      while (to.length < from.length && name.endsWith(".key")) {
        to[0].closest("[data-lines]").append(to[0].closest("[data-line]").cloneNode(true));
        to = [...form.querySelectorAll(`[name="${name}"]`)];
      }
      from.forEach((field, index) => { if (to[index]) to[index].value = field.value; });
    }
    for (const field of mine) field.dispatchEvent(new Event("change"));
  }
});

form.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.move) move(button);
  else if ("more" in button.dataset) more(button);
  else if (button.dataset.slot) insert(button);
});

function move(button) {
  const row = button.closest("[data-channel-row]");
  const up = button.dataset.move === "up";
  const other = up ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (up) other.before(row);
  else other.after(row);
  shape();
  // At the end of the list the button is off: its twin takes over.
  (button.disabled ? row.querySelector("[data-move]:not(:disabled)") : button).focus();
  form.dispatchEvent(new Event("change", { bubbles: true }));
}

function more(button) {
  const lines = button.parentElement.querySelector("[data-lines]");
  const fresh = lines.lastElementChild.cloneNode(true);
  for (const field of fresh.querySelectorAll("input")) field.value = "";
  lines.append(fresh);
  fresh.querySelector("input").focus();
}

form.addEventListener("focusin", (event) => {
  if (event.target.matches("textarea, [name$='.value'], [name$='.title']")) last = event.target;
});

// A slot goes to where the cursor was, if that was in the same channel's fields.
function insert(button) {
  const part = button.closest("[data-channel]");
  const known = last && part.contains(last) ? last : part.querySelector("textarea, [name$='.value']");
  if (!known) return;
  known.setRangeText(button.dataset.slot, known.selectionStart, known.selectionEnd, "end");
  known.dispatchEvent(new Event("input", { bubbles: true }));
  known.focus();
}
