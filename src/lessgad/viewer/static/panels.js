// SPDX-License-Identifier: Apache-2.0
// All panels together: linked or not, arranged so that the images are as large as the screen allows.

import { View } from "./view.js";

const GAP = 2;

// How many columns show n images of these proportions largest in a box.
export function bestColumns(n, width, height, aspect) {
  let best = 1;
  let largest = 0;
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns);
    const wide = (width - GAP * (columns - 1)) / columns;
    const high = (height - GAP * (rows - 1)) / rows;
    const size = Math.min(wide, high * aspect);
    if (size > largest + 0.5) [best, largest] = [columns, size];
  }
  return best;
}

export class Panels {
  constructor(grid, panels, firstSlice) {
    this.grid = grid;
    this.panels = panels;
    this.linked = true;
    this.active = panels[0];
    this.alone = null;
    this.waiting = false;
    this.onChange = () => {};
    const shared = new View(firstSlice, panels[0].geometry.shape[2]);
    for (const panel of panels) panel.view = shared;
    new ResizeObserver(() => this.arrange()).observe(grid);
    this.arrange();
  }

  get view() {
    return this.active.view;
  }

  activate(panel) {
    if (panel === this.active) return;
    this.active = panel;
    this.changed();
  }

  link(linked) {
    this.linked = linked;
    const view = this.view;
    for (const panel of this.panels) panel.view = linked || panel === this.active ? view : view.copy();
    this.changed();
  }

  reset() {
    for (const panel of this.linked ? [this.active] : this.panels) panel.view.reset();
    this.changed();
  }

  // One panel on its own, or all again.
  showAlone(panel) {
    this.alone = this.alone === panel ? null : panel;
    if (this.alone) this.active = panel;
    for (const other of this.panels) other.element.hidden = this.alone !== null && other !== this.alone;
    this.arrange();
  }

  arrange() {
    const { shape, spacing_mm: spacing } = this.panels[0].geometry;
    const aspect = (shape[0] * spacing[0]) / (shape[1] * spacing[1]);
    const n = this.alone ? 1 : this.panels.length;
    const columns = bestColumns(n, this.grid.clientWidth, this.grid.clientHeight, aspect);
    this.grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.grid.style.gridTemplateRows = `repeat(${Math.ceil(n / columns)}, minmax(0, 1fr))`;
    for (const panel of this.panels) panel.resize();
    this.drawNow();
  }

  mark(from, placeMm) {
    for (const panel of this.panels) panel.mark(this.linked && panel !== from ? placeMm : null);
  }

  // Draw once before the next frame, however many changes come until then.
  changed() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    this.waiting = false;
    for (const panel of this.panels) {
      panel.element.classList.toggle("active", panel === this.active && (!this.linked || this.panels.length === 1));
      if (!panel.element.hidden) panel.draw();
    }
    this.onChange();
  }
}
