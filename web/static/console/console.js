// Small helps of the console. Every page works without them.
"use strict";

// A button that leaves the page although its form asks through htmx.
document.addEventListener("click", (event) => {
  const plain = event.target.closest("[data-plain]");
  if (!plain) return;
  event.preventDefault();
  event.stopPropagation();
  if (plain.dataset.confirm && !window.confirm(plain.dataset.confirm)) return;
  if (!plain.form.reportValidity()) return;
  plain.disabled = true;
  plain.form.action = plain.getAttribute("formaction");
  plain.form.submit();
}, true);

// One press is one request; the server refuses a second one anyway, but people should see why.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter && event.submitter.dataset.confirm;
  if (question && !window.confirm(question)) {
    event.preventDefault();
    return;
  }
  // A download leaves the page where it is, and htmx lets go of the buttons itself.
  if (form.method !== "post" || "stays" in form.dataset) return;
  // Later, since a disabled button would not send its own name and value.
  setTimeout(() => hold(form, true));
});

function hold(form, held) {
  for (const button of form.querySelectorAll("button[type=submit]")) {
    button.disabled = held;
    button.setAttribute("aria-busy", String(held));
  }
}

// A page that comes back from the browser's memory still has its buttons held.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form").forEach((form) => hold(form, false));
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest("form");
  if (form) hold(form, false);
});

// The push form: bytes as WeChat counts them, and the text as a follower will see it.
for (const shown of document.querySelectorAll("[data-bytes]")) {
  const field = document.querySelector(shown.dataset.bytes);
  const preview = document.querySelector("[data-preview]");
  const save = document.querySelector("[data-save]");
  const warning = document.getElementById("too-long");
  const count = () => {
    const text = field.value.trim();
    const bytes = new TextEncoder().encode(text).length;
    const over = bytes > Number(field.dataset.limit);
    shown.textContent = bytes.toLocaleString("en-US");
    shown.classList.toggle("wt-over", over);
    field.classList.toggle("is-invalid", over);
    warning.hidden = !over;
    save.disabled = over;
    preview.textContent = text;
  };
  field.addEventListener("input", count);
  if (field.value) count();
}

// Fields that belong to one choice only: shown with it. Without this script all are shown.
for (const chooser of document.querySelectorAll("[data-switch]")) {
  const show = () => {
    for (const part of document.querySelectorAll(`[data-when^="${chooser.id}="]`)) {
      part.hidden = !part.dataset.when.split("=")[1].split(",").includes(chooser.value);
    }
  };
  chooser.addEventListener("change", show);
  show();
}
