// Builds one item of the conversation: bubble, picture, menu, card.

import { avatar, el, isWeb } from "./build.js";

let names = { account: "", user: "" };
let tap = { open() {}, say() {} };

export function onTap(handlers) {
  tap = handlers;
}

export function setNames(account, user) {
  names = { account, user };
}

export function renderItem(item) {
  const node = build(item);
  node.dataset.id = item.id;
  node.dataset.from = item.from;
  node.dataset.kind = item.kind;
  return node;
}

function build(item) {
  if (item.from === "system") return el("p", { class: "notice-line" }, item.text);
  if (item.from === "account") {
    if (item.kind === "template" || item.kind === "notice") return renderNotice(item);
    if (item.articles.length) return el("div", {}, ...item.articles.map(renderArticle));
  }
  return el("div", { class: `item ${item.from}` }, face(item.from), renderBody(item));
}

export function face(from) {
  return avatar(from === "account" ? names.account : names.user, from === "account");
}

export function bubble(...children) {
  return el("div", { class: "bubble" }, ...children);
}

function renderBody(item) {
  if (item.kind === "image") return renderPicture(item);
  if (item.kind === "msgmenu") return renderChoices(item);
  if (item.kind === "location") return bubble("位置", el("small", {}, item.Label || item.text));
  if (item.segments) return bubble(...item.segments.map(renderSegment));
  if (item.kind === "link") return bubble(link(item.title || item.url, item.url));
  return bubble(item.text || item.title || item.Title || `[${item.kind}]`);
}

function renderSegment(part) {
  if (part.href) return link(part.text, part.href);
  if (part.say) return sayButton(part.text, part.say, part.menu_id, "link");
  return document.createTextNode(part.text);
}

function link(text, url) {
  if (!isWeb(url)) return document.createTextNode(text);
  return el("a", { href: url, onclick: opening(url, text) }, text);
}

function opening(url, title) {
  return (event) => {
    event.preventDefault();
    tap.open(url, title);
  };
}

function sayButton(label, text, menuId, kind) {
  const onclick = () => tap.say(text, menuId);
  return el("button", { type: "button", class: kind, onclick }, label);
}

function renderChoices(item) {
  const choices = item.choices.map(({ id, content }) => (
    sayButton(content, content, id, "link choice")
  ));
  const tail = item.tail ? el("div", { class: "choice" }, item.tail) : "";
  return bubble(item.text, ...choices, tail);
}

function renderPicture(item) {
  const id = encodeURIComponent(item.MediaId || item.media_id || "");
  const src = isWeb(item.PicUrl) ? item.PicUrl : `/phone/media/${id}`;
  const missing = () => image.replaceWith(el("div", { class: "missing" }, "[图片]"));
  const image = el("img", { src, alt: "图片", onerror: missing });
  return el("div", { class: "picture" }, image);
}

function renderArticle(article) {
  const words = el("div", { class: "words" }, el("strong", {}, article.title || "（无标题）"));
  if (article.description) words.append(el("p", {}, article.description));
  const node = card("news", article.url, article.title);
  if (isWeb(article.picurl)) {
    const onerror = () => image.remove();
    const image = el("img", { class: "cover", src: article.picurl, alt: "", onerror });
    node.append(image);
  }
  node.append(words);
  return node;
}

function renderNotice(item) {
  const node = card("notice", item.url, item.text);
  const lines = item.lines.flatMap(({ label, value }) => [
    el("dt", {}, label),
    el("dd", {}, value || "—"),
  ]);
  node.append(
    el("div", { class: "head" }, item.kind === "notice" ? "订阅通知" : "服务通知"),
    el("strong", {}, item.text),
    el("dl", {}, ...lines),
  );
  if (isWeb(item.url)) node.append(el("div", { class: "more" }, "查看详情"));
  return node;
}

function card(kind, url, title) {
  if (!isWeb(url)) return el("div", { class: `card-item ${kind}` });
  return el("a", { class: `card-item ${kind}`, href: url, onclick: opening(url, title) });
}
