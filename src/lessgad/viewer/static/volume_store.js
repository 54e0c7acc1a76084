// SPDX-License-Identifier: Apache-2.0
// Volumes that were fetched, the last ones kept, so that going back to a dose is at once.

import { fetchVolume } from "./volume.js";

const MOST_BYTES = 1.5e9;

export class VolumeStore {
  constructor(shape) {
    this.shape = shape;
    this.found = new Map(); // by address, the latest used last
    this.most = Math.max(8, Math.floor(MOST_BYTES / (2 * shape[0] * shape[1] * shape[2])));
  }

  get(url, onProgress = () => {}) {
    const known = this.found.get(url);
    this.found.delete(url);
    const volume = known ?? fetchVolume(url, this.shape, onProgress);
    this.found.set(url, volume);
    if (!known) volume.catch(() => this.found.delete(url));
    if (this.found.size > this.most) this.found.delete(this.found.keys().next().value);
    return volume;
  }
}
