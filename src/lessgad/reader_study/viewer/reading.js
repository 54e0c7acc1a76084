// SPDX-License-Identifier: Apache-2.0
// The page on which a case is read: panels at the left, questions at the right.

import { ActiveTime } from "./active_time.js";
import { Draft } from "./draft.js";
import { Form } from "./form.js";
import { addGestures } from "./gestures.js";
import { addHandIn } from "./hand_in.js";
import { addKeys } from "./keys.js";
import { Panel } from "./panel.js";
import { Panels } from "./panels.js";
import { addToolbar } from "./toolbar.js";
import { fetchVolume } from "./volume.js";

const geometry = JSON.parse(document.querySelector("#geometry").textContent);
const elements = [...document.querySelectorAll(".panel")];
const panels = new Panels(
  document.querySelector(".panels"),
  elements.map((element) => new Panel(element, geometry)),
  geometry.first_slice,
);
const firstImages = new Map();

for (const panel of panels.panels) {
  addGestures(panels, panel);
  load(panel);
}

async function load(panel) {
  try {
    // Two panels of one image are one image.
    const url = panel.element.dataset.image;
    if (!firstImages.has(url)) firstImages.set(url, fetchVolume(url, geometry.shape, (share) => panel.loading(share)));
    panel.loaded(await firstImages.get(url));
    panels.changed();
  } catch (error) {
    firstImages.delete(panel.element.dataset.image);
    panel.failed(`Not loaded: ${error.message}`, () => load(panel));
  }
}

const jumpButton = document.querySelector("#jump");
function jump() {
  if (!jumpButton) return;
  panels.view.goTo(geometry.lesion_slice);
  panels.changed();
}
jumpButton?.addEventListener("click", jump);

const { toggleLink, toggleHelp } = addToolbar(panels);
panels.changed();
addKeys(panels, { toggleLink, toggleHelp, jump });

const time = new ActiveTime();
const element = document.querySelector("#answers");
const status = document.querySelector("#status");
let draft = null;
const form = new Form(element, () => draft?.changed());
draft = new Draft(element, time, status);
addHandIn(element, form, draft, time, status);

const revise = document.querySelector("#revise");
revise?.addEventListener("click", () => {
  element.classList.remove("locked");
  for (const field of element.querySelectorAll("fieldset")) field.disabled = field.hidden = false;
  form.update();
  element.querySelector("#reason")?.focus();
  revise.hidden = true;
});

document.documentElement.dataset.ready = "yes";
window.lessgadPanels = panels; // for tests and for measurements of speed
