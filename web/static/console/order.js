// Rows that are dragged into another order; the arrows beside them do the same without it.
"use strict";

function sortable() {
  const form = document.querySelector("form[data-ordered]");
  if (!form || !window.Sortable) return;
  form.classList.add("wt-sortable");
  new window.Sortable(form.querySelector("[data-sorted]"), {
    handle: "[data-grip]",
    draggable: "[data-item]",
    animation: 120,
    ghostClass: "wt-ghost",
    onEnd: (event) => {
      if (event.oldIndex !== event.newIndex) form.requestSubmit();
    },
  });
}

sortable();
// Not sooner: until it has settled, htmx gives the form back the classes that it came with.
document.addEventListener("htmx:afterSettle", sortable);
