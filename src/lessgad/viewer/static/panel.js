// SPDX-License-Identifier: Apache-2.0
// One panel: draws a slice of a volume in its true proportions, and says how far it is loaded.

import { grayTable } from "./window_level.js";

export class Panel {
  constructor(element, geometry) {
    this.element = element;
    this.geometry = geometry;
    this.canvas = element.querySelector("canvas");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.note = element.querySelector(".panel-note");
    this.bar = element.querySelector("progress");
    this.readout = element.querySelector(".readout");
    this.cross = element.querySelector(".cross");
    this.volume = null;
    this.view = null;
    this.source = document.createElement("canvas");
    [this.source.width, this.source.height] = geometry.shape;
    this.sourceContext = this.source.getContext("2d", { alpha: false, willReadFrequently: true });
    this.pixels = this.sourceContext.createImageData(geometry.shape[0], geometry.shape[1]);
    this.grays = new Uint32Array(this.pixels.data.buffer);
    this.table = new Uint32Array(geometry.n_levels);
    this.drawn = "";
  }

  loading(share) {
    this.bar.value = share;
  }

  loaded(volume) {
    this.volume = volume;
    this.note.hidden = true;
    this.element.dataset.state = "loaded";
  }

  failed(words, again) {
    this.element.dataset.state = "failed";
    this.bar.hidden = true;
    this.note.querySelector("span").textContent = words;
    const button = this.note.querySelector("button");
    button.hidden = false;
    button.onclick = () => {
      button.hidden = true;
      this.bar.hidden = false;
      this.note.querySelector("span").textContent = "Loading";
      again();
    };
  }

  // Canvas pixels per mm.
  get scale() {
    const { shape, spacing_mm: spacing } = this.geometry;
    const fit = Math.min(this.canvas.width / (shape[0] * spacing[0]), this.canvas.height / (shape[1] * spacing[1]));
    return fit * this.view.zoom;
  }

  resize() {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
  }

  draw() {
    if (!this.volume) return;
    this.fillSource();
    const { shape, spacing_mm: spacing } = this.geometry;
    const scale = this.scale;
    const width = shape[0] * spacing[0] * scale;
    const height = shape[1] * spacing[1] * scale;
    const [x, y] = this.view.shiftMm;
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.imageSmoothingEnabled = true;
    this.context.drawImage(
      this.source,
      (this.canvas.width - width) / 2 + x * scale,
      (this.canvas.height - height) / 2 + y * scale,
      width,
      height,
    );
    const { level, width: wide } = this.view.window;
    this.readout.textContent =
      `${this.view.slice + 1} / ${this.view.nSlices}` +
      (this.view.zoom === 1 ? "" : `   ${this.view.zoom.toFixed(1)}×`) +
      `\nW ${Math.round(wide)}  L ${Math.round(level)}`;
  }

  // From the middle of the panel to a point of the page, in canvas pixels.
  offsetOf(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const ratio = this.canvas.width / box.width;
    return [(clientX - box.left - box.width / 2) * ratio, (clientY - box.top - box.height / 2) * ratio];
  }

  // The place in the image, in mm from its middle.
  placeOf(clientX, clientY) {
    return this.offsetOf(clientX, clientY).map((pixels, axis) => pixels / this.scale - this.view.shiftMm[axis]);
  }

  mark(placeMm) {
    this.cross.hidden = !placeMm || !this.volume;
    if (this.cross.hidden) return;
    const box = this.canvas.getBoundingClientRect();
    const ratio = this.canvas.width / box.width;
    const [x, y] = placeMm.map((mm, axis) => ((mm + this.view.shiftMm[axis]) * this.scale) / ratio);
    this.cross.hidden = Math.abs(x) > box.width / 2 || Math.abs(y) > box.height / 2;
    this.cross.style.transform = `translate(${box.width / 2 + x}px, ${box.height / 2 + y}px)`;
  }

  // Draw the slice that is shown at its own resolution; does nothing where it is drawn already.
  fillSource() {
    const { slice, window: shown } = this.view;
    const wanted = `${slice} ${shown.level} ${shown.width}`;
    if (wanted === this.drawn) return;
    const table = grayTable(shown, this.geometry.tissue, this.geometry.n_levels, this.table);
    const voxels = this.volume.slice(slice);
    const grays = this.grays;
    for (let at = 0; at < voxels.length; at++) grays[at] = table[voxels[at]];
    this.sourceContext.putImageData(this.pixels, 0, 0);
    this.drawn = wanted;
  }
}
