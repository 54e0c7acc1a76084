// SPDX-License-Identifier: Apache-2.0
// The page of one study: panels, dose slider, overlays, difference to the standard dose.

import { addGestures } from "./gestures.js";
import { addKeys } from "./keys.js";
import { LABEL_COLOR_NAMES, LayeredPanel } from "./layered_panel.js";
import { Panels } from "./panels.js";
import { neighborsOf } from "./study_order.js";
import { addToolbar } from "./toolbar.js";
import { VolumeStore } from "./volume_store.js";

const LESION_SHARE = 0.4; // of the panel's width that the lesion fills
const FULL_COLOR = { signed: 30, positive: 30 }; // per cent of tissue

const geometry = JSON.parse(document.querySelector("#geometry").textContent);
const images = new Map(geometry.images.map((image) => [image.key, image]));
const reference = geometry.images.find((image) => image.is_reference);
const store = new VolumeStore(geometry.shape);
const panels = new Panels(
  document.querySelector(".panels"),
  [...document.querySelectorAll(".panel")].map((element) => new LayeredPanel(element, geometry)),
  geometry.first_slice,
);
const asked = new URLSearchParams(location.search).get("dose");
const state = { dose: Math.max(0, geometry.doses.findIndex(({ label }) => label === asked)), overlay: "", difference: false };
let latest = 0; // number of the last change; what an earlier one fetched is not shown any more

for (const panel of panels.panels) addGestures(panels, panel);

function address(image) {
  const dose = image.by_dose ? `?dose=${geometry.doses[state.dose].label}` : "";
  return `${geometry.address}/${image.key}${dose}`;
}

async function load(panel, change) {
  const image = images.get(panel.element.dataset.key);
  try {
    const volume = await store.get(address(image), (share) => panel.loading(share));
    if (change !== latest) return;
    panel.element.querySelector(".panel-note").hidden = true;
    panel.loaded(volume);
  } catch (error) {
    if (change !== latest) return;
    panel.volume = null;
    panel.note.hidden = false;
    const missing = error.message.endsWith("404");
    panel.failed(missing ? "There is no such image at this dose" : `Not loaded: ${error.message}`, () => update());
  }
}

// Fetch what is to be seen now, then show it all at once.
async function update() {
  const change = ++latest;
  const overlay = images.get(state.overlay);
  const wanted = panels.panels.map((panel) => load(panel, change));
  const [over, standard] = await Promise.all([
    overlay ? store.get(address(overlay)).catch(() => null) : null,
    state.difference && reference ? store.get(address(reference)).catch(() => null) : null,
    ...wanted,
  ]);
  if (change !== latest) return;
  const full = (FULL_COLOR[overlay?.kind] ?? 100) * geometry.tissue / 100;
  for (const panel of panels.panels) {
    const { key, is_reference: isReference } = images.get(panel.element.dataset.key);
    const hasMap = overlay?.kind === "labels" || key === "restored" || geometry.doses.length === 0;
    panel.show({
      reference: isReference ? null : standard,
      overlay: over && hasMap ? { volume: over, kind: overlay.kind, full } : null,
    });
  }
  say(overlay, over);
  panels.changed();
  document.documentElement.dataset.shown = String(change);
}

function say(overlay, over) {
  const words = [];
  if (overlay && !over) words.push(`no ${overlay.title} at this dose`);
  else if (overlay?.labels.length) words.push(overlay.labels.map(colorOf).join(", "));
  else if (overlay?.kind === "signed") words.push(`orange: too bright, blue: too dark; full color at ${FULL_COLOR.signed} % of tissue`);
  else if (overlay?.kind === "positive") words.push(`yellow: uncertain; full color at ± ${FULL_COLOR.positive} % of tissue`);
  if (state.difference) words.push("difference to the standard dose: orange too bright, blue too dark");
  document.querySelector("#legend").textContent = words.join(" · ");
}

function colorOf(name, place) {
  return `${LABEL_COLOR_NAMES[place % LABEL_COLOR_NAMES.length]}: ${name}`;
}

const { toggleLink, toggleHelp } = addToolbar(panels);

const slider = document.querySelector("#dose");
function setDose(place) {
  state.dose = Math.min(geometry.doses.length - 1, Math.max(0, place));
  if (slider) slider.value = state.dose;
  const words = document.querySelector("#dose-words");
  if (words) words.textContent = geometry.doses[state.dose].words;
  update();
}
slider?.addEventListener("input", () => setDose(Number(slider.value)));
slider?.addEventListener("change", () => slider.blur());

const chooser = document.querySelector("#overlay");
function setOverlay(key) {
  state.overlay = key;
  chooser.value = key;
  chooser.blur();
  update();
}
chooser?.addEventListener("change", () => setOverlay(chooser.value));
function nextOverlay() {
  if (!chooser) return;
  const keys = [...chooser.options].map((option) => option.value);
  setOverlay(keys[(keys.indexOf(state.overlay) + 1) % keys.length]);
}

const differenceButton = document.querySelector("#difference");
differenceButton.hidden = !reference;
function toggleDifference() {
  if (!reference) return;
  state.difference = !state.difference;
  differenceButton.setAttribute("aria-pressed", String(state.difference));
  update();
}
differenceButton.addEventListener("click", toggleDifference);

function jump() {
  const { lesion, shape, spacing_mm: spacing } = geometry;
  if (!lesion) return;
  const field = Math.min(shape[0] * spacing[0], shape[1] * spacing[1]);
  panels.view.lookAt(lesion.slice, lesion.center_mm, (LESION_SHARE * field) / lesion.extent_mm);
  panels.changed();
}
document.querySelector("#jump")?.addEventListener("click", jump);

// Previous and next are those of the list as it was sorted; without a list, those of the server.
for (const [selector, number] of Object.entries(neighborsOf(geometry.number))) {
  const link = document.querySelector(selector);
  link.hidden = number === undefined;
  if (!link.hidden) link.href = `/studies/${number}`;
}

function follow(selector) {
  const link = document.querySelector(selector);
  const dose = geometry.doses[state.dose];
  if (link && !link.hidden) location.assign(dose ? `${link.href}?dose=${dose.label}` : link.href);
}

addKeys(panels, {
  toggleLink,
  toggleHelp,
  jump,
  more: {
    ArrowLeft: () => geometry.doses.length && setDose(state.dose - 1),
    ArrowRight: () => geometry.doses.length && setDose(state.dose + 1),
    o: nextOverlay,
    d: toggleDifference,
    n: () => follow("#after"),
    p: () => follow("#before"),
  },
});

if (geometry.doses.length) setDose(state.dose);
else update();
document.documentElement.dataset.ready = "yes";
window.lessgadPanels = panels; // for tests and for measurements of speed
