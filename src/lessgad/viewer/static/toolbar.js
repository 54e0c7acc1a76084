// SPDX-License-Identifier: Apache-2.0
// The buttons that every page with images has: presets, link, reset, help.

import { PRESETS } from "./window_level.js";

export function addToolbar(panels) {
  const presets = document.querySelector("#presets");
  PRESETS.forEach((preset) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = preset.name;
    button.title = `W ${preset.width} L ${preset.level}, in per cent of brain tissue in the T1`;
    button.addEventListener("click", () => {
      panels.view.usePreset(preset);
      panels.changed();
    });
    presets.append(button);
  });
  panels.onChange = () => {
    for (const [at, button] of [...presets.children].entries()) {
      const { level, width } = PRESETS[at];
      const used = panels.view.window.level === level && panels.view.window.width === width;
      button.setAttribute("aria-pressed", String(used));
    }
  };

  const linkButton = document.querySelector("#link");
  function toggleLink() {
    panels.link(!panels.linked);
    linkButton.setAttribute("aria-pressed", String(panels.linked));
  }
  linkButton.addEventListener("click", toggleLink);
  document.querySelector("#reset").addEventListener("click", () => panels.reset());

  const help = document.querySelector("#help");
  function toggleHelp() {
    if (help.open) help.close();
    else help.showModal();
  }
  document.querySelector("#help-button").addEventListener("click", toggleHelp);
  help.querySelector("button").addEventListener("click", toggleHelp);
  return { toggleLink, toggleHelp };
}
