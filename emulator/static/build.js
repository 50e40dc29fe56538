// Builds DOM nodes. Texts only ever become text nodes, so no message can bring markup in.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function svg(path) {
  const space = "http://www.w3.org/2000/svg";
  const node = document.createElementNS(space, "svg");
  node.setAttribute("viewBox", "0 0 10 10");
  node.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  node.append(line);
  return node;
}

// Only web addresses may become links: javascript: and the like stay dead.
export function isWeb(url) {
  try {
    return ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}

export function avatar(name, isAccount) {
  const sum = [...name].reduce((total, letter) => total + letter.codePointAt(0), 0);
  const tint = isAccount ? "account" : `tint-${sum % 6}`;
  const letter = isAccount ? firstLetter(name) : [...name].at(-1) || "微";
  return el("div", { class: `avatar ${tint}`, "aria-hidden": "true" }, letter);
}

export function firstLetter(name) {
  return [...name][0] || "微";
}
