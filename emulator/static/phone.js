// The phone: puts chat, bar, profile, web view and panel together.

import { renderBar, startBar } from "./bar.js";
import { addPending, renderChat, scrollToEnd } from "./chat.js";
import { onTap } from "./items.js";
import { renderPanel, startPanel } from "./panel.js";
import { rememberScene, renderProfile, startProfile } from "./profile.js";
import { say as toast } from "./toast.js";
import { openWebview, startWebview } from "./webview.js";
import { follow, post, Refusal } from "./wire.js";

let view = null;
let count = 0;

async function say(text, menuId = "") {
  const clientId = `${Date.now()}-${(count += 1)}`;
  const message = addPending(clientId, text, () => say(text, menuId));
  try {
    await post("/phone/say", { text, menu_id: menuId, client_id: clientId });
  } catch (error) {
    message.fail();
    if (error instanceof Refusal) toast("没有发出去");
  }
}

async function tell(path, body) {
  try {
    await post(path, body);
  } catch {
    toast("没有成功，请重试");
  }
}

// What a button causes is the emulator's business; only a scan needs somebody who scans.
async function press(button, place) {
  const body = { place };
  if (button.type.startsWith("scancode_")) {
    body.scanned = window.prompt("扫码结果", "");
    if (body.scanned === null) return;
  }
  if (button.type === "view" || button.type === "miniprogram") {
    openWebview(button.url, button.name); // the emulator has no mini-programs: the fallback
  }
  await tell("/phone/tap", body);
}

function scan(scene) {
  if (view?.user.subscribed) tell("/phone/scan", { scene });
  else rememberScene(scene);
}

function show(fresh) {
  const isFirst = view === null;
  view = fresh;
  document.getElementById("loading").hidden = true;
  document.getElementById("title").textContent = view.account.name;
  renderProfile(view);
  renderChat(view);
  renderBar(view.menu);
  renderPanel(view);
  if (isFirst) {
    scrollToEnd();
    scanFromAddress();
  }
}

// /?scene=hall-01 opens the phone as if that code had been scanned.
function scanFromAddress() {
  const scene = new URLSearchParams(location.search).get("scene");
  if (!scene) return;
  history.replaceState(null, "", "/");
  scan(scene);
}

onTap({ open: openWebview, say });
startBar({ press, say });
startProfile();
startWebview();
startPanel({ scan });
follow(show, (isOffline) => { document.getElementById("offline").hidden = !isOffline; });
