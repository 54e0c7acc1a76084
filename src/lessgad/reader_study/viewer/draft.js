// SPDX-License-Identifier: Apache-2.0
// Keeps what is not handed in yet: soon after each change, now and then, and when the page is left.

import { post } from "./server.js";

const SOON_MS = 600;
const NOW_AND_THEN_MS = 20_000;
const AGAIN_MS = 4_000;

export class Draft {
  constructor(form, time, status) {
    this.form = form;
    this.time = time;
    this.status = status;
    this.timer = 0;
    this.changes = 0;
    this.saved = 0;
    this.closed = false;
    setInterval(() => this.save(), NOW_AND_THEN_MS);
    window.addEventListener("pagehide", () => this.#leave());
    this.save(); // opens the clock of this page
  }

  changed() {
    this.changes += 1;
    this.status.textContent = "…";
    this.#saveIn(SOON_MS);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }

  async save() {
    if (this.closed || document.visibilityState === "hidden") return;
    const changes = this.changes;
    try {
      const { status, ok } = await post(this.form.dataset.draft, this.#fields());
      if (this.closed) return;
      if (status === 401) this.#say("You are logged out. Log in in another window, then continue here.", true);
      else if (!ok) this.#say("Not saved. Load the page again.", true);
      else if (changes === this.changes) {
        this.saved = changes;
        this.#say(this.form.classList.contains("locked") || !changes ? "" : "saved as draft", false);
      }
      if (status === 401) this.#saveIn(AGAIN_MS);
    } catch {
      if (this.closed) return;
      this.#say("The server cannot be reached. Your answers are kept on this page; trying again.", true);
      this.#saveIn(AGAIN_MS);
    }
  }

  #saveIn(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), milliseconds);
  }

  #leave() {
    if (!this.closed) navigator.sendBeacon(this.form.dataset.draft, new URLSearchParams(this.#fields()));
  }

  #fields() {
    const fields = new FormData(this.form);
    fields.set("active_s", this.time.seconds.toFixed(1));
    if (this.form.classList.contains("locked") || !this.changes) fields.set("time_only", "1");
    return fields;
  }

  #say(words, bad) {
    this.status.textContent = words;
    this.status.classList.toggle("bad", bad);
  }
}
