// The web view: a page laid over the phone, under WeChat's title bar.

import { el, isWeb } from "./build.js";
import { say } from "./toast.js";

const find = (id) => document.getElementById(id);
const view = find("webview");
// Without allow-top-navigation the page cannot throw the phone off the screen.
const ALLOWED = ["scripts", "same-origin", "forms", "popups", "modals", "downloads"]
  .map((right) => `allow-${right}`)
  .join(" ");
let address = "";
let name = "";
let loads = 0;
let returnTo = null;

export function startWebview() {
  find("close-webview").addEventListener("click", close);
  find("webview-back").addEventListener("click", () => history.back());
  // The page's own steps come back first; the step after those is the one that opened the view.
  window.addEventListener("popstate", () => {
    if (!view.hidden) close();
  });
  window.addEventListener("message", takeTitle);
  find("webview-more").addEventListener("click", () => {
    find("webview-sheet").hidden = !find("webview-sheet").hidden;
  });
  find("webview-cancel").addEventListener("click", hideSheet);
  find("webview-reload").addEventListener("click", () => {
    hideSheet();
    load();
  });
  find("webview-outside").addEventListener("click", () => {
    hideSheet();
    window.open(address, "_blank", "noopener");
  });
  find("webview-copy").addEventListener("click", copy);
  view.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
}

export function openWebview(url, title) {
  if (!isWeb(url)) return say("这个链接打不开");
  returnTo = document.activeElement;
  address = url;
  const host = new URL(url).host;
  name = title || host;
  find("webview-title").textContent = name;
  find("webview-host").textContent = `网页由 ${host} 提供`;
  if (view.hidden) history.pushState(null, "");
  view.hidden = false;
  load();
  find("close-webview").focus({ focusVisible: false });
}

function load() {
  const progress = find("webview-progress");
  progress.hidden = false;
  loads = 0;
  requestAnimationFrame(() => progress.classList.add("busy"));
  const frame = el("iframe", { src: address, title: "网页", sandbox: ALLOWED, "data-webview": "" });
  frame.addEventListener("load", () => {
    progress.classList.remove("busy");
    progress.hidden = true;
    loads += 1;
    find("webview-back").hidden = loads < 2;
    readTitle(frame);
  });
  find("webview-page").replaceChildren(frame);
}

// Only pages of this very server let themselves be read; others may tell their title.
function readTitle(frame) {
  const title = frame.contentDocument?.title;
  if (title) name = title;
  find("webview-title").textContent = name;
}

function takeTitle(event) {
  const frame = find("webview-page").firstChild;
  if (!frame || event.source !== frame.contentWindow || !event.data?.title) return;
  name = String(event.data.title).slice(0, 60);
  find("webview-title").textContent = name;
}

function close() {
  hideSheet();
  view.hidden = true;
  find("webview-back").hidden = true;
  find("webview-page").replaceChildren();
  returnTo?.focus?.({ focusVisible: false });
}

function hideSheet() {
  find("webview-sheet").hidden = true;
}

async function copy() {
  hideSheet();
  try {
    await navigator.clipboard.writeText(address);
    say("已复制");
  } catch {
    say(address);
  }
}
