// The account's card: follow, allow notices, shut messages off, stop following.

import { el, firstLetter } from "./build.js";
import { scrollToEnd } from "./chat.js";
import { openPanel } from "./panel.js";
import { say } from "./toast.js";
import { openWebview } from "./webview.js";
import { post } from "./wire.js";

const find = (id) => document.getElementById(id);
let isOpened = false; // by the person; a stranger sees the card in any case
let scene = "";
let last = null;
let drawn = "";
let told = "";

export function startProfile() {
  find("open-profile").addEventListener("click", () => show(true));
  find("leave-profile").addEventListener("click", () => {
    if (last?.user.subscribed) show(false);
    else openPanel(true);
  });
  find("enter-chat").addEventListener("click", () => show(false));
  find("follow").addEventListener("click", follow);
  find("unfollow").addEventListener("click", unfollow);
  find("accepts-messages").addEventListener("change", (event) => {
    tell("/phone/messages", { refuses: !event.target.checked });
  });
}

// A stranger who scanned a code: the scene counts when they follow.
export function rememberScene(value) {
  scene = value;
  renderProfile(last);
}

function show(opens) {
  isOpened = opens;
  renderProfile(last);
}

async function tell(path, body) {
  try {
    await post(path, body);
    return true;
  } catch {
    say("没有成功，请重试");
    return false;
  }
}

async function follow() {
  find("follow").disabled = true;
  isOpened = false;
  await tell("/phone/follow", { scene });
  scene = "";
  find("follow").disabled = false;
}

async function unfollow() {
  isOpened = false;
  await tell("/phone/unfollow", {});
}

export function renderProfile(view) {
  if (!view) return;
  last = view;
  const follows = view.user.subscribed;
  showChat(follows && !isOpened);
  find("enter-chat").hidden = find("card-rows").hidden = !follows;
  find("leave-profile").setAttribute("aria-label", follows ? "返回" : "模拟器面板");
  find("leave-profile").classList.toggle("to-panel", !follows);
  find("follow").hidden = follows;
  find("card-scene").hidden = follows || !scene;
  find("card-scene").textContent = `通过二维码进入：${scene}`;
  find("card-name").textContent = view.account.name;
  find("card-intro").textContent = view.account.intro;
  document.querySelector(".card-head .avatar").textContent = firstLetter(view.account.name);
  find("accepts-messages").checked = !view.user.refuses_messages;
  renderNotices(view.notices);
  renderHistory(view.articles);
}

// What the account has published: nobody was notified of it, but everybody may read it.
function renderHistory(articles) {
  const wanted = JSON.stringify(articles);
  if (wanted === told) return;
  told = wanted;
  find("history-title").hidden = !articles.length;
  find("history").replaceChildren(...articles.map(({ title, url }) => el("button", {
    type: "button",
    class: "row",
    onclick: () => openWebview(url, title),
  }, el("span", {}, title))));
}

// Only when they changed, or a keyboard would lose its place.
function renderNotices(notices) {
  const wanted = JSON.stringify(notices);
  if (wanted === drawn) return;
  drawn = wanted;
  find("notices").replaceChildren(...notices.map(buildNotice));
}

// A hidden list loses its scroll position.
function showChat(isShown) {
  const comes = isShown && find("chat-screen").hidden;
  find("chat-screen").hidden = !isShown;
  find("profile").hidden = isShown;
  if (comes) scrollToEnd();
}

function buildNotice(notice) {
  const left = notice.credit < 0 ? "长期允许" : `可收 ${notice.credit} 次`;
  const button = (word, accept) => el("button", {
    type: "button",
    "aria-label": word + notice.title,
    onclick: () => tell("/phone/notices", { template_id: notice.id, accept }),
  }, word);
  return el("div", { class: "row" },
    el("span", {}, notice.title, " ", el("small", {}, left)),
    el("span", { class: "choices" }, button("允许", true), button("拒绝", false)));
}
