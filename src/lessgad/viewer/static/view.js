// SPDX-License-Identifier: Apache-2.0
// What is seen of an image: slice, window, magnification, place. Linked panels share one view.

import { PRESETS, changed } from "./window_level.js";

const MOST_ZOOM = 16;
const LEAST_ZOOM = 0.5;

export class View {
  constructor(slice, nSlices) {
    this.nSlices = nSlices;
    this.firstSlice = slice;
    this.reset();
  }

  reset() {
    this.slice = this.firstSlice;
    this.zoom = 1;
    this.shiftMm = [0, 0];
    this.usePreset(PRESETS[0]);
  }

  usePreset({ level, width }) {
    this.window = { level, width };
  }

  copy() {
    const other = new View(this.firstSlice, this.nSlices);
    return Object.assign(other, this, { shiftMm: [...this.shiftMm], window: { ...this.window } });
  }

  goTo(slice) {
    this.slice = Math.min(this.nSlices - 1, Math.max(0, Math.round(slice)));
  }

  // Show a place of a slice in the middle, so many times magnified; millimeters count from the middle of the image.
  lookAt(slice, [x, y], zoom) {
    this.goTo(slice);
    this.zoom = Math.min(MOST_ZOOM, Math.max(1, zoom));
    this.shiftMm = [0, 0];
    this.move([-x, -y]);
  }

  changeWindow(levelBy, widthBy) {
    this.window = changed(this.window, levelBy, widthBy);
  }

  move(byMm) {
    this.shiftMm = this.shiftMm.map((mm, axis) => Math.min(300, Math.max(-300, mm + byMm[axis])));
  }

  // The place in the image under the pointer, so many mm from the middle of the panel, stays where it is.
  magnify(factor, offsetPixels, pixelsPerMm) {
    const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, this.zoom * factor));
    const before = pixelsPerMm;
    const after = (pixelsPerMm * zoom) / this.zoom;
    this.move(offsetPixels.map((pixels) => pixels / after - pixels / before));
    this.zoom = zoom;
  }
}
