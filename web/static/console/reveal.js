// What was revealed hides itself after so many seconds, on a screen that somebody left.
"use strict";

function watch(root) {
  for (const shown of root.querySelectorAll("[data-hides]")) {
    setTimeout(() => {
      const words = document.createElement("p");
      words.className = "mb-1 text-secondary";
      words.textContent = "已自动隐藏。需要时请刷新页面，写明原因后再看。";
      shown.replaceWith(words);
    }, Number(shown.dataset.hides) * 1000);
  }
}

watch(document);
document.addEventListener("htmx:afterSwap", (event) => watch(event.target));
