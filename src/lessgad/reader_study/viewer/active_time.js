// SPDX-License-Identifier: Apache-2.0
// Seconds of reading: the page is to be seen, and something was moved or pressed within the last minute.

const IDLE_MS = 60_000;
const TICK_MS = 1_000;

export class ActiveTime {
  constructor() {
    this.counted = 0;
    this.last = performance.now();
    this.ticked = this.last;
    for (const kind of ["pointermove", "pointerdown", "wheel", "keydown", "touchstart"]) {
      window.addEventListener(kind, () => (this.last = performance.now()), { passive: true, capture: true });
    }
    setInterval(() => this.#tick(), TICK_MS);
  }

  get seconds() {
    this.#tick();
    return this.counted;
  }

  #tick() {
    const now = performance.now();
    const seen = document.visibilityState === "visible" && now - this.last < IDLE_MS;
    if (seen) this.counted += Math.min(now - this.ticked, 2 * TICK_MS) / 1000;
    this.ticked = now;
  }
}
