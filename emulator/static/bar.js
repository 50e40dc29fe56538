// The bar at the bottom: the halls with their pop-up lists, or the keyboard.

import { el, svg } from "./build.js";

const bar = document.getElementById("bar");
const halls = document.getElementById("halls");
const toggle = document.getElementById("toggle");
const input = document.getElementById("input");
const send = document.getElementById("send");
const THREE_LINES = "M1 2.2h8M1 5h8M1 7.8h8";
let drawn = "";

export function startBar({ press, say }) {
  toggle.addEventListener("click", () => showKeyboard(!bar.classList.contains("keyboard"), true));
  input.addEventListener("input", () => { send.disabled = !input.value.trim(); });
  document.getElementById("typing").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    send.disabled = true;
    say(text);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".hall")) closeLists();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeLists(true);
  });
  halls.addEventListener("keydown", moveInList);
  bar.press = press;
}

export function renderBar(menu) {
  const wanted = JSON.stringify(menu);
  if (wanted === drawn) return;
  drawn = wanted;
  const hasMenu = Boolean(menu && menu.length);
  toggle.hidden = halls.hidden = !hasMenu;
  halls.replaceChildren(...(menu || []).map((button, hall) => buildHall(button, [hall])));
  showKeyboard(!hasMenu);
}

function showKeyboard(isShown, takesFocus = false) {
  closeLists();
  bar.classList.toggle("keyboard", isShown);
  toggle.setAttribute("aria-label", isShown ? "切换到菜单" : "切换到键盘");
  if (isShown && takesFocus) input.focus();
}

function buildHall(button, place) {
  const subs = button.sub_button || [];
  const label = el("span", {}, button.name);
  if (!subs.length) {
    const act = el("button", { type: "button", onclick: () => bar.press(button, place) }, label);
    return el("div", { class: "hall" }, act);
  }
  const lines = subs.map((sub, line) => buildLine(sub, [...place, line]));
  const list = el("div", { class: "lines", role: "menu", hidden: "" }, ...lines);
  const state = { type: "button", "aria-haspopup": "menu", "aria-expanded": "false" };
  const head = el("button", state, svg(THREE_LINES), label);
  head.addEventListener("click", () => {
    const opens = list.hidden;
    closeLists();
    list.hidden = !opens;
    head.setAttribute("aria-expanded", String(opens));
    if (opens && head.matches(":focus-visible")) list.querySelector("button").focus();
  });
  return el("div", { class: "hall" }, head, list);
}

function buildLine(button, place) {
  const onclick = () => {
    closeLists();
    bar.press(button, place);
  };
  return el("button", { type: "button", role: "menuitem", onclick }, button.name);
}

function closeLists(returnsFocus = false) {
  for (const head of halls.querySelectorAll('[aria-expanded="true"]')) {
    head.setAttribute("aria-expanded", "false");
    head.nextElementSibling.hidden = true;
    if (returnsFocus) head.focus();
  }
}

function moveInList(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const lines = [...(event.target.closest(".lines")?.children || [])];
  if (!step || !lines.length) return;
  event.preventDefault();
  lines[(lines.indexOf(event.target) + step + lines.length) % lines.length].focus();
}
