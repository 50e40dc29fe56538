// The engineers' panel beside the phone: users, scenes, time, the last pushes.

import { el } from "./build.js";
import { writeClock } from "./times.js";
import { say } from "./toast.js";
import { post } from "./wire.js";

const find = (id) => document.getElementById(id);
const part = (name) => document.querySelector(`[data-panel="${name}"]`);

export function startPanel({ scan }) {
  find("back").addEventListener("click", () => openPanel(true));
  find("close-panel").addEventListener("click", () => openPanel(false));
  find("user").addEventListener("change", (event) => {
    take("/phone/switch", { openid: event.target.value });
  });
  find("new-user").addEventListener("submit", (event) => {
    event.preventDefault();
    take("/phone/users", { nickname: part("nickname").value.trim() });
  });
  find("scan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const scene = part("scene").value.trim();
    if (!scene) return say("请填写场景值");
    part("scene").value = "";
    openPanel(false);
    scan(scene);
  });
  part("day-later").addEventListener("click", () => travel(1));
  part("present").addEventListener("click", () => travel(0));
}

export function openPanel(isOpen) {
  find("panel").classList.toggle("open", isOpen);
  find("back").setAttribute("aria-expanded", String(isOpen));
  (isOpen ? find("close-panel") : find("back")).focus({ focusVisible: false });
}

async function tell(path, body) {
  try {
    return await post(path, body);
  } catch {
    say("没有成功，请重试");
    return null;
  }
}

// A product that follows this clock asks for it about once a second: give it the time.
async function travel(days) {
  const buttons = [part("day-later"), part("present")];
  for (const button of buttons) button.disabled = true;
  await tell("/phone/clock", { days });
  await new Promise((resume) => setTimeout(resume, 1500));
  for (const button of buttons) button.disabled = false;
}

// The phone changes hands: the page starts anew, as an app does after another login.
async function take(path, body) {
  if (await tell(path, body)) location.reload();
}

export function renderPanel(view) {
  renderUsers(view);
  find("openid").textContent = view.user.openid;
  const days = Math.round(view.clock.offset_seconds / 86400);
  find("clock").textContent = view.clock.local + (days ? `（+${days} 天）` : "");
  find("clock").classList.toggle("moved", days !== 0);
  const rows = view.deliveries.map(buildDelivery);
  if (!rows.length) rows.push(el("li", { class: "none" }, "还没有推送"));
  find("deliveries").replaceChildren(...rows);
}

function renderUsers(view) {
  const select = find("user");
  if (document.activeElement === select && select.options.length === view.users.length) return;
  const options = view.users.map((user) => el("option", { value: user.openid }, user.nickname));
  select.replaceChildren(...options);
  select.value = view.user.openid;
}

function buildDelivery(row) {
  const words = { replied: "有回复", nothing: "无回复", failure: "失败" }[row.outcome];
  const tone = row.outcome === "failure" ? "bad" : "fine";
  const details = [...row.tries, row.note].filter(Boolean).join(" · ");
  return el("li", {},
    el("time", {}, writeClock(row.at)),
    row.what.slice(0, 60), " ",
    el("span", { class: tone }, words),
    el("small", {}, details));
}
