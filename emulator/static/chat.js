// Keeps the conversation in step with what the emulator tells.

import { el } from "./build.js";
import { bubble, face, renderItem, setNames } from "./items.js";
import { writeStamp } from "./times.js";

const GAP_SECONDS = 300; // a new time stamp after five quiet minutes, as in WeChat
const chat = document.getElementById("chat");
const shown = new Set(); // item ids
const pending = new Map(); // client id -> node of a message on its way
let lastAt = 0;

// Pictures push the end away when they arrive.
chat.addEventListener("load", () => { if (isNearEnd(320)) scrollToEnd(); }, true);

export function renderChat(view) {
  setNames(view.account.name, view.user.nickname);
  const ids = new Set(view.items.map((item) => item.id));
  if ([...shown].some((id) => !ids.has(id))) clear();
  const wasAtEnd = isNearEnd(120);
  const fresh = view.items.filter((item) => !shown.has(item.id));
  for (const item of fresh) append(item, view.clock.now);
  renderEmpty(view.items.length === 0 && pending.size === 0);
  if (fresh.length && (wasAtEnd || fresh.some((item) => item.from === "user"))) scrollToEnd();
}

function isNearEnd(distance) {
  return chat.scrollHeight - chat.scrollTop - chat.clientHeight < distance;
}

export function scrollToEnd() {
  chat.scrollTop = chat.scrollHeight;
}

function clear() {
  shown.clear();
  lastAt = 0;
  chat.replaceChildren(...pending.values());
}

function renderEmpty(isEmpty) {
  chat.querySelector(".empty")?.remove();
  if (isEmpty) chat.append(el("p", { class: "empty" }, "还没有消息，说点什么吧"));
}

function append(item, now) {
  pending.get(item.client_id)?.remove();
  pending.delete(item.client_id);
  const nodes = [renderItem(item)];
  if (item.at - lastAt > GAP_SECONDS) {
    nodes.unshift(el("p", { class: "stamp" }, writeStamp(item.at, now)));
  }
  lastAt = item.at;
  shown.add(item.id);
  const waiting = pending.values().next().value;
  if (waiting) waiting.before(...nodes);
  else chat.append(...nodes);
}

// A message appears at once with a turning wheel, and an exclamation mark if it got lost.
export function addPending(clientId, text, resend) {
  renderEmpty(false);
  const wheel = el("span", { class: "spinner" });
  const state = el("div", { class: "state", role: "status", "aria-label": "发送中" }, wheel);
  const marks = { class: "item user", "data-from": "user", "data-state": "sending" };
  const node = el("div", marks, face("user"), bubble(text), state);
  pending.set(clientId, node);
  chat.append(node);
  scrollToEnd();
  const again = () => {
    node.remove();
    pending.delete(clientId);
    resend();
  };
  return { fail: () => markLost(clientId, node, state, again) };
}

function markLost(clientId, node, state, again) {
  if (!pending.has(clientId)) return; // it had arrived, only the answer was lost
  node.dataset.state = "failed";
  state.setAttribute("aria-label", "发送失败");
  const label = { type: "button", class: "retry", "aria-label": "发送失败，点此重发" };
  state.replaceChildren(el("button", { ...label, onclick: again }, "!"));
}
