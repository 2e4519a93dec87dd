// What makes the pages smoother. Everything works without it: each part begins by finding what the page already has.
"use strict";

// A choice that has its own button sends itself, and the button goes.
for (const choice of document.querySelectorAll("select[data-submits]")) {
  const button = choice.form.querySelector("button");
  if (button) button.hidden = true;
  choice.addEventListener("change", () => choice.form.requestSubmit());
}

// What is to be kept is copied.
for (const button of document.querySelectorAll("button[data-copies]")) {
  const from = document.getElementById(button.dataset.copies);
  if (!from || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(from.textContent);
    button.textContent = button.dataset.copied;
  });
}

// A box that was opened closes by Escape, and by a click beside it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const box of document.querySelectorAll("details[data-closes][open]")) {
    box.open = false;
    box.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const box of document.querySelectorAll("details[data-closes][open]")) {
    if (!box.contains(event.target)) box.open = false;
  }
});

// The menu is open where there is room beside the page, and closed above it.
const menu = document.querySelector("details[data-menu]");
if (menu) {
  const wide = window.matchMedia("(min-width: 60rem)");
  const follow = () => { menu.open = wide.matches; };
  wide.addEventListener("change", follow);
  follow();
}

// A form that was sent is not sent again by a second press.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  setTimeout(() => { delete form.dataset.sent; }, 4000);
});

// One box chooses all of its form. Lists are put in place anew while one searches: the page itself listens.
document.addEventListener("change", (event) => {
  const all = event.target;
  if (!(all instanceof HTMLInputElement) || !all.form) return;
  const boxes = [...all.form.querySelectorAll('input[type="checkbox"]')];
  const head = boxes.find((box) => box.dataset.all);
  if (!head) return;
  const rows = boxes.filter((box) => box.name === head.dataset.all);
  if (all === head) for (const box of rows) box.checked = head.checked;
  else head.checked = rows.every((box) => box.checked);
});

// Faults are read out and shown where the eye is.
document.querySelector(".faults")?.focus();
