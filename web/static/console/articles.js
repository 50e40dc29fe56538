// Small helps of the editor of articles. Every page works without them.
"use strict";

const editor = document.getElementById("editor");
let changed = false;
let last = null;

// Rows are kept in the order in which they stand on the page, so that dragging is enough.
for (const rows of document.querySelectorAll("[data-blocks]")) {
  if (!window.Sortable || rows.closest("fieldset:disabled")) continue;
  rows.classList.add("wt-sortable");
  window.Sortable.create(rows, {
    handle: ".wt-grip",
    animation: 120,
    onEnd: () => {
      changed = true;
      editor.dispatchEvent(new CustomEvent("sorted", { bubbles: true }));
    },
  });
  const row = rows.dataset.focus && document.getElementById(rows.dataset.focus);
  const field = row && row.querySelector("textarea, select, input:not([type=hidden])");
  if (field) field.focus();
}

// Leaving with words that nobody kept asks first.
if (editor) {
  editor.addEventListener("input", () => { changed = true; });
  editor.addEventListener("submit", () => { changed = false; });
  editor.addEventListener("focusin", (event) => {
    if (event.target.matches("textarea, input:not([type])")) last = event.target;
  });
  window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
}

// A slot goes to where the cursor was.
for (const button of document.querySelectorAll("[data-slot]")) {
  button.addEventListener("click", () => {
    if (!last || !last.isConnected) return;
    last.setRangeText(button.dataset.slot, last.selectionStart, last.selectionEnd, "end");
    last.dispatchEvent(new Event("input", { bubbles: true }));
    last.focus();
  });
}

// The picture that is chosen, beside its field.
document.addEventListener("change", (event) => {
  const chooser = event.target.closest("[data-pictures]");
  if (!chooser) return;
  const shown = document.querySelector(`[data-picture="${chooser.id}"]`);
  const source = chooser.selectedOptions[0].dataset.src;
  shown.hidden = !source;
  if (source) shown.src = source;
});

// Bytes as WeChat counts them.
for (const shown of document.querySelectorAll("[data-count]")) {
  const field = document.getElementById(shown.dataset.count);
  field.addEventListener("input", () => {
    const bytes = new TextEncoder().encode(field.value.trim()).length;
    shown.textContent = bytes.toLocaleString("en-US");
    shown.classList.toggle("text-danger", bytes > Number(shown.dataset.most));
  });
}

// Links of a preview open beside the editor, not in its place.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-leads] a[href]");
  if (!link) return;
  event.preventDefault();
  window.open(link.href, "_blank", "noopener");
});
