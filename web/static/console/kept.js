// A form whose act asks for the password again gets back what was typed, in this tab only.
"use strict";

const KEPT = "weiting.kept";

for (const form of document.querySelectorAll("form[data-keep]")) {
  form.addEventListener("submit", () => {
    const typed = [...new FormData(form)].filter(([name]) => name !== "csrf_token");
    const kept = { page: location.pathname + location.search, act: form.action, typed };
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  });
}

// Only on the way back from the question; what was done has nothing to be given back.
if (location.pathname !== "/console/confirm") {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
  const from = document.referrer && new URL(document.referrer).pathname;
  sessionStorage.removeItem(KEPT);
  if (kept && from === "/console/confirm" && kept.page === location.pathname + location.search) {
    const form = [...document.querySelectorAll("form[data-keep]")].find((one) => one.action === kept.act);
    for (const [name, value] of form ? kept.typed : []) {
      const field = form.elements[name];
      if (!field || typeof value !== "string") continue;
      if (field.type === "checkbox") field.checked = true;
      else field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
}

for (const field of document.querySelectorAll("[data-select]")) {
  field.addEventListener("focus", () => field.select());
}
