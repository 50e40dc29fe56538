// The menu editor: bytes while typing, dragging, and a warning before leaving. It works without.
"use strict";

const BYTES = new TextEncoder();
let dirty = false;
let openHall = -1;

const desk = () => document.getElementById("menu-desk");
const form = () => document.getElementById("menu-form");

// Counters: bytes as WeChat counts them. A path of ours counts with the address before it.
function count(shown) {
  const field = document.getElementById(shown.dataset.count);
  if (!field) return;
  const text = field.value.trim();
  const prefix = text.startsWith("/") ? shown.dataset.prefix || "" : "";
  const used = BYTES.encode(prefix + text).length;
  const over = used > Number(field.dataset.limit);
  shown.querySelector("[data-used]").textContent = used;
  shown.classList.toggle("wt-over", over);
  field.classList.toggle("is-invalid", over);
}

// A field for "another address" is there while nothing is picked from the list.
function showOther(pick) {
  const row = document.getElementById(pick.dataset.other);
  if (row) row.hidden = pick.value !== "";
}

function say(text) {
  const said = document.querySelector("[data-said]");
  if (said) said.textContent = text;
}

function changed() {
  dirty = true;
  say("有改动未保存");
}

document.addEventListener("input", (event) => {
  if (!event.target.closest("#menu-form") || "find" in event.target.dataset) return;
  changed();
  if (event.target.dataset.other) showOther(event.target);
  for (const shown of document.querySelectorAll("[data-count]")) {
    if (shown.dataset.count === event.target.id) count(shown);
  }
});

// Dragging only changes the order of the form's own fields; saving sends them in that order.
function sortable() {
  const halls = document.querySelector("[data-halls]");
  if (!halls || !window.Sortable) return;
  halls.classList.add("wt-sortable");
  const shared = { handle: "[data-grip]", animation: 120, ghostClass: "wt-ghost", onEnd: moved };
  new window.Sortable(halls, { ...shared, draggable: "[data-hall]" });
  for (const list of halls.querySelectorAll("[data-entries]")) {
    new window.Sortable(list, { ...shared, draggable: "[data-entry]", group: "entries" });
  }
}

function moved(event) {
  if (event.from === event.to && event.oldIndex === event.newIndex) return;
  changed();
  const save = form().querySelector("button[value=save]");
  form().requestSubmit(save);
}

function begin() {
  dirty = Boolean(desk() && "dirty" in desk().dataset);
  document.querySelectorAll("[data-other]").forEach(showOther);
  document.querySelectorAll(".wt-phone-live details").forEach((hall, number) => {
    if (number === openHall) hall.open = true;
  });
  sortable();
}

// The phone keeps the hall open that was tapped, however often it is drawn again.
document.addEventListener("toggle", (event) => {
  const halls = [...document.querySelectorAll(".wt-phone-live details")];
  if (!halls.includes(event.target)) return;
  openHall = halls.findIndex((hall) => hall.open);
}, true);

document.addEventListener("htmx:beforeSwap", (event) => {
  // What is refused comes with the form as it was typed.
  if ([409, 422].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
document.addEventListener("htmx:afterSwap", (event) => {
  const whole = event.detail.target.id === "menu-desk" || event.target.id === "menu-desk";
  if (whole) begin();
  else document.querySelectorAll(".wt-phone-live details").forEach((hall, number) => {
    hall.open = number === openHall;
  });
});
// htmx leaves by itself where the server says so: then nothing is lost.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Redirect")) dirty = false;
});
document.addEventListener("submit", (event) => {
  if (event.target !== form()) dirty = false;
});
window.addEventListener("beforeunload", (event) => {
  if (dirty) event.preventDefault();
});

begin();
