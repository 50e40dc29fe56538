// The page of a push while its figures move. Without it they still do.
"use strict";

// What somebody has opened stays open when the figures are drawn anew.
let opened = [];
document.addEventListener("htmx:beforeSwap", () => {
  opened = [...document.querySelectorAll("#progress details[open]")].map((one) => one.id);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of opened) {
    const one = document.getElementById(id);
    if (one) one.open = true;
  }
});

// Another state has other buttons. Whoever is typing is told, and not torn away.
document.addEventListener("push-moved", () => {
  const busy = [...document.querySelectorAll("input[type=search], textarea")].some((field) => field.value);
  if (busy) document.querySelector("[data-moved]").hidden = false;
  else window.location.reload();
});
