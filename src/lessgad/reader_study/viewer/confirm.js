// SPDX-License-Identifier: Apache-2.0
// A button that cannot be undone is unlocked by its tick box.

for (const box of document.querySelectorAll("input[data-unlocks]")) {
  const button = document.querySelector(box.dataset.unlocks);
  const update = () => (button.disabled = !box.checked);
  box.addEventListener("change", update);
  update();
}
