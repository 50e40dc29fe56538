// The conversation: phrases go into the box, the newest line stays in sight. All works without it.
"use strict";

const box = document.getElementById("text");
const chooser = document.getElementById("phrase");
const talk = () => document.querySelector("[data-talk]");
let follows = true;

function toNewest() {
  const lines = talk();
  if (lines) lines.scrollTop = lines.scrollHeight;
}

if (chooser) {
  document.querySelector("[data-fill]").hidden = true;
  chooser.addEventListener("change", () => {
    const { text } = chooser.selectedOptions[0].dataset;
    chooser.value = "";
    if (!text) return;
    box.setRangeText((box.value && !box.value.endsWith("\n") ? "\n" : "") + text, box.value.length, box.value.length, "end");
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  });
}

if (box) {
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      box.form.requestSubmit(box.form.querySelector(".btn-primary"));
    }
  });
}

// Whoever reads further up stays there.
document.addEventListener("htmx:beforeSwap", () => {
  const lines = talk();
  follows = !lines || lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
});
document.addEventListener("htmx:afterSwap", () => {
  if (follows) toNewest();
});
toNewest();
