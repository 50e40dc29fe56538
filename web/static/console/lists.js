// Choosing rows of a list: all at once, and how many are chosen. The list works without it.
"use strict";

for (const all of document.querySelectorAll("[data-picks]")) {
  const form = all.closest("form");
  const boxes = [...form.querySelectorAll('tbody input[type="checkbox"]')];
  const told = form.querySelector("[data-picked]");
  const empty = told.textContent;
  const count = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    all.checked = chosen === boxes.length;
    all.indeterminate = chosen > 0 && !all.checked;
    told.textContent = chosen ? `已选 ${chosen} 位会员` : empty;
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    count();
  });
  form.addEventListener("change", count);
  count();
}
