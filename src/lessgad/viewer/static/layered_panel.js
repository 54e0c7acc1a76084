// SPDX-License-Identifier: Apache-2.0
// A panel that can show the difference to a reference in color, and an overlay on top.

import { Panel } from "./panel.js";
import { grayTable } from "./window_level.js";

// Okabe and Ito's colors, told apart by color-blind readers too. Labels: yellow, green, purple, vermilion; not those of maps.
const LABEL_COLORS = [0xf0e442, 0x009e73, 0xcc79a7, 0xd55e00].map(opaque);
export const LABEL_COLOR_NAMES = ["yellow", "green", "purple", "vermilion"];
const TOO_BRIGHT = [230, 159, 0];
const TOO_DARK = [86, 180, 233];
const UNCERTAIN = [240, 228, 66];
const MOST_OPAQUE = 0.85;

export class LayeredPanel extends Panel {
  constructor(element, geometry) {
    super(element, geometry);
    this.reference = null; // the volume that is subtracted
    this.overlay = null; // { volume, kind, full }: `full` is the stored value of full color
    this.version = 0;
  }

  show({ reference, overlay }) {
    [this.reference, this.overlay] = [reference, overlay];
    this.version += 1;
  }

  fillSource() {
    const { slice, window: shown } = this.view;
    const wanted = `${slice} ${shown.level} ${shown.width} ${this.version}`;
    if (wanted === this.drawn) return;
    const voxels = this.volume.slice(slice);
    if (this.reference) this.#fillDifference(voxels, this.reference.slice(slice), shown);
    else this.#fillGreys(voxels, shown);
    if (this.overlay?.kind === "labels") this.#drawContours(this.overlay.volume.slice(slice));
    else if (this.overlay) this.#blend(this.overlay.volume.slice(slice));
    this.sourceContext.putImageData(this.pixels, 0, 0);
    this.drawn = wanted;
  }

  #fillGreys(voxels, shown) {
    const table = grayTable(shown, this.geometry.tissue, this.geometry.n_levels, this.table);
    const grays = this.grays;
    for (let at = 0; at < voxels.length; at++) grays[at] = table[voxels[at]];
  }

  // Black where both agree; full color at a quarter of the window's width.
  #fillDifference(voxels, reference, shown) {
    const full = (shown.width * this.geometry.tissue) / 400;
    const { data } = this.pixels;
    for (let at = 0; at < voxels.length; at++) {
      const difference = (voxels[at] - reference[at]) / full;
      const share = Math.min(1, Math.abs(difference));
      const color = difference > 0 ? TOO_BRIGHT : TOO_DARK;
      for (let channel = 0; channel < 3; channel++) data[4 * at + channel] = share * color[channel];
      data[4 * at + 3] = 255;
    }
  }

  #drawContours(labels) {
    const [width, height] = this.geometry.shape;
    const grays = this.grays;
    for (let at = 0; at < labels.length; at++) {
      const label = labels[at];
      if (!label) continue;
      const [x, y] = [at % width, Math.floor(at / width)];
      const inside =
        x > 0 && x < width - 1 && y > 0 && y < height - 1 &&
        labels[at - 1] === label && labels[at + 1] === label && labels[at - width] === label && labels[at + width] === label;
      if (!inside) grays[at] = LABEL_COLORS[(label - 1) % LABEL_COLORS.length];
    }
  }

  #blend(values) {
    const { kind, full } = this.overlay;
    const { data } = this.pixels;
    for (let at = 0; at < values.length; at++) {
      const value = values[at] / full;
      const share = MOST_OPAQUE * Math.min(1, Math.abs(value));
      if (share < 0.02) continue;
      const color = kind === "positive" ? UNCERTAIN : value > 0 ? TOO_BRIGHT : TOO_DARK;
      for (let channel = 0; channel < 3; channel++) {
        data[4 * at + channel] = (1 - share) * data[4 * at + channel] + share * color[channel];
      }
    }
  }
}

// A color as the 32 bits of an opaque pixel.
function opaque(rgb) {
  return (0xff000000 | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
}
