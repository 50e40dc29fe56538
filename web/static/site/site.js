// Small comforts of the mini-site; every page works without them. Words for people stand in the
// templates, as data attributes.

(() => {
  "use strict";

  // A deed that costs something is asked about first; heard before everybody else hears of it.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.confirm || form.dataset.agreed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(form.dataset.confirm, () => {
      form.dataset.agreed = "yes";
      form.requestSubmit(event.submitter);
      delete form.dataset.agreed;
    });
  }, true);

  const ask = (question, agree) => {
    const dialog = document.createElement("dialog");
    dialog.className = "ask";
    const words = document.createElement("p");
    words.textContent = question;
    const row = document.createElement("div");
    for (const [label, deed] of [[document.body.dataset.no, null], [document.body.dataset.yes, agree]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", () => { dialog.close(); if (deed) deed(); });
      row.append(button);
    }
    dialog.append(words, row);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };

  // A link to hand on gets a button that copies it, where the browser lets it.
  for (const link of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy weui-btn weui-btn_default";
    button.textContent = link.dataset.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(link.textContent.trim());
      button.textContent = link.dataset.copied;
    });
    link.after(button);
  }

  // An article is handed on by the phone's own sheet, where there is one; that it was is counted.
  for (const form of navigator.share ? document.querySelectorAll("form[data-share]") : []) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const url = new URL(location.href);
      url.search = "?from=share";
      try {
        await navigator.share({ title: form.dataset.share, url: url.href });
      } catch {
        return; // closed without sharing
      }
      fetch(form.action, { method: "POST", body: new FormData(form) });
    });
  }

  // A form is sent once: its button says so until the next page comes.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || !button.dataset.busy) return;
    if (button.form && button.form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (button.form) button.form.dataset.sent = "yes";
    button.dataset.idle = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-busy", "true");
    // Later, so that the button's own value still goes with the form.
    setTimeout(() => { button.disabled = true; });
  });

  // The back button may bring the page as it was left, with a button that says "sending"; and a
  // form that did not get through may be sent again.
  const rest = () => {
    for (const button of document.querySelectorAll("button[aria-busy]")) {
      button.disabled = false;
      button.textContent = button.dataset.idle;
      button.removeAttribute("aria-busy");
      if (button.form) delete button.form.dataset.sent;
    }
  };
  window.addEventListener("pageshow", (event) => { if (event.persisted) rest(); });

  // What was wrong is no longer, once it is being typed anew.
  document.addEventListener("input", (event) => {
    const field = event.target;
    const cell = field.closest(".weui-cell_warn, .consent");
    const mark = cell?.querySelector(".field-error") || cell?.nextElementSibling;
    if (mark?.matches(".field-error")) mark.remove();
    cell?.classList.remove("weui-cell_warn");
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  });

  // A text that is read on the way opens over the form: what was typed stays.
  document.addEventListener("htmx:afterSettle", () => {
    const sheet = document.getElementById("sheet");
    if (!sheet || sheet.open || !sheet.querySelector("article")) return;
    sheet.showModal();
    sheet.scrollTop = 0;
    sheet.addEventListener("close", () => document.getElementById("reading").replaceChildren(), { once: true });
  });

  // A frame around the page, as the emulator's web view is one, cannot read its title.
  if (window.parent !== window) window.parent.postMessage({ title: document.title }, "*");

  // Countdown until a new short message may be asked for.
  let waiting = 0;
  const holdSendButton = () => {
    const button = document.getElementById("send-code");
    const line = document.querySelector("#code-line [data-wait]");
    if (!button || !line) return;
    clearInterval(waiting);
    const until = Date.now() + 1000 * Math.min(Number(line.dataset.wait), 3600);
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0
        ? button.dataset.waiting.replace("{}", String(left))
        : button.dataset.label;
      if (left <= 0) clearInterval(waiting);
    };
    tick();
    waiting = setInterval(tick, 500);
  };
  document.addEventListener("htmx:afterSettle", holdSendButton);
  document.addEventListener("DOMContentLoaded", holdSendButton);

  // Countdown until a coupon's code turns; the server sends the new one.
  setInterval(() => {
    const shown = document.querySelector("[data-seconds]");
    if (!shown) return;
    const left = Math.max(0, Number(shown.dataset.seconds) - 1);
    shown.dataset.seconds = String(left);
    shown.textContent = String(left);
  }, 1000);

  const say = (message) => {
    const notice = document.createElement("p");
    notice.className = "notice notice_warn";
    notice.setAttribute("role", "alert");
    notice.textContent = message;
    document.getElementById("notices").replaceChildren(notice);
  };
  // A refusal comes as a piece of the page and is shown in its place; other errors are JSON.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const type = event.detail.xhr.getResponseHeader("Content-Type") || "";
    if (event.detail.xhr.status >= 400 && type.startsWith("text/html")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:responseError", (event) => {
    // The polled code keeps still: the page shows the last one until the net is back.
    if (event.detail.elt.id === "code") return;
    rest();
    let message = document.body.dataset.offline;
    try {
      message = JSON.parse(event.detail.xhr.responseText).message || message;
    } catch { /* not ours: a proxy's page */ }
    say(message);
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.elt.id === "code") return;
    rest();
    say(document.body.dataset.offline);
  });
})();
