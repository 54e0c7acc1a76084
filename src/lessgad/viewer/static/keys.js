// SPDX-License-Identifier: Apache-2.0
// The keyboard while looking at images. A page can add keys of its own.

import { PRESETS } from "./window_level.js";

export function addKeys(panels, { toggleLink, toggleHelp, jump, more = {} }) {
  let preset = 0;
  const slices = { ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 };
  const actions = {
    Home: () => panels.view.goTo(panels.view.nSlices - 1),
    End: () => panels.view.goTo(0),
    r: () => panels.reset(),
    l: toggleLink,
    j: jump,
    w: () => panels.view.usePreset(PRESETS[(preset = (preset + 1) % PRESETS.length)]),
    "+": () => panels.view.magnify(1.25, [0, 0], panels.active.scale),
    "-": () => panels.view.magnify(0.8, [0, 0], panels.active.scale),
    "?": toggleHelp,
    ...more,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in slices) panels.view.goTo(panels.view.slice + slices[key]);
    else if (key in actions) actions[key]();
    else return;
    event.preventDefault();
    panels.changed();
  });
}

export function isTyping(element) {
  return element.matches?.("textarea, select, input:not([type=radio], [type=checkbox])") || !!element.closest?.("dialog");
}
