// A short word in the middle of the phone.

const toast = document.getElementById("toast");
let timer = 0;

export function say(text) {
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => { toast.hidden = true; }, 2200);
}
