// The SMS inbox, renewed every two seconds.

import { el } from "./build.js";
import { writeMinute } from "./times.js";

const find = (id) => document.getElementById(id);
let drawn = "";

function build(message) {
  return el("li", { "data-phone": message.phone },
    el("div", {}, el("strong", {}, message.phone), el("time", {}, writeMinute(message.at))),
    el("p", {}, message.text));
}

async function renew() {
  try {
    const phone = find("phone").value.trim();
    const response = await fetch(`/sms/list?phone=${encodeURIComponent(phone)}`);
    const { messages } = await response.json();
    find("offline").hidden = true;
    const wanted = JSON.stringify(messages);
    if (wanted === drawn) return;
    drawn = wanted;
    find("messages").replaceChildren(...messages.map(build));
    find("empty").hidden = messages.length > 0;
  } catch {
    find("offline").hidden = false;
  }
}

find("phone").addEventListener("input", renew);
setInterval(renew, 2000);
renew();
