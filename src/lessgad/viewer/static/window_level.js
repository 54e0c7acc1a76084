// SPDX-License-Identifier: Apache-2.0
// Which intensities become black and which white. Unit: per cent of the tissue level of the T1.

export const PRESETS = [
  { name: "Standard", level: 130, width: 260 },
  { name: "Narrow", level: 100, width: 110 },
  { name: "Bright", level: 215, width: 270 },
  { name: "Wide", level: 175, width: 350 },
];

const LEAST_WIDTH = 2;

export function changed({ level, width }, levelBy, widthBy) {
  return {
    level: Math.min(400, Math.max(0, level + levelBy)),
    width: Math.min(800, Math.max(LEAST_WIDTH, width + widthBy)),
  };
}

// Gray of every possible voxel, as the 32 bits of an opaque pixel.
export function grayTable({ level, width }, tissue, nLevels, table = new Uint32Array(nLevels)) {
  const low = ((level - width / 2) * tissue) / 100;
  const step = 255 / ((width * tissue) / 100);
  for (let value = 0; value < nLevels; value++) {
    const gray = Math.min(255, Math.max(0, Math.round((value - low) * step)));
    table[value] = 0xff000000 | (gray << 16) | (gray << 8) | gray;
  }
  return table;
}
