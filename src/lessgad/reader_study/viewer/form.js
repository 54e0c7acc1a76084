// SPDX-License-Identifier: Apache-2.0
// The questions: digits answer the current one and go on to the next; what does not apply is hidden.

import { isTyping } from "./keys.js";

export class Form {
  constructor(form, onChange) {
    this.form = form;
    this.items = [...form.querySelectorAll(".item")];
    this.current = null;
    form.addEventListener("input", (event) => {
      if (event.target.type !== "radio") this.makeCurrent(event.target.closest(".item"));
      this.#tickOther(event.target);
      this.update();
      onChange();
    });
    form.addEventListener("focusin", (event) => this.makeCurrent(event.target.closest(".item")));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    this.update();
    if (!form.classList.contains("locked")) this.makeCurrent(this.nextOpen());
  }

  get shown() {
    return this.items.filter((item) => !item.hidden);
  }

  // Hide what does not apply, and count what is missing.
  update() {
    for (const item of this.items) {
      const { waitsFor, answer } = item.dataset;
      if (waitsFor) item.hidden = !this.#hasAnswer(waitsFor, answer);
      item.classList.toggle("answered", isAnswered(item));
      item.classList.remove("wrong");
    }
    for (const question of this.form.querySelectorAll(".question")) {
      question.hidden = [...question.querySelectorAll(".item")].every((item) => item.hidden);
    }
    const missing = this.missing().length;
    const note = this.form.querySelector(".missing");
    if (note) note.textContent = missing ? `${missing} left` : "complete";
  }

  missing() {
    return this.shown.filter((item) => item.dataset.required && !isAnswered(item));
  }

  nextOpen() {
    const after = this.shown.slice(this.shown.indexOf(this.current) + 1);
    return after.find((item) => !isAnswered(item)) ?? this.missing()[0] ?? null;
  }

  makeCurrent(item) {
    if (!item || item === this.current) return;
    this.current?.classList.remove("current");
    this.current = item;
    item.classList.add("current");
    item.scrollIntoView({ block: "nearest" });
  }

  // Say at each item what the server found wrong with it.
  showProblems(problems) {
    for (const { item: name, reason } of problems) {
      const item = this.items.find((one) => one.dataset.name === name);
      if (!item) continue;
      item.classList.add("wrong");
      item.querySelector(".why").textContent = reason;
    }
    const first = this.shown.find((item) => item.classList.contains("wrong"));
    this.makeCurrent(first);
    first?.scrollIntoView({ block: "nearest" });
  }

  #hasAnswer(name, answer) {
    const item = this.items.find((one) => one.dataset.name === name);
    return !!item && !item.hidden && [...item.querySelectorAll("input:checked")].some((input) => input.value === answer);
  }

  #tickOther(target) {
    if (!target.matches("input.other-words")) return;
    const box = target.closest(".item").querySelector("input[value=other]");
    if (box && target.value.trim()) box.checked = true;
  }

  #onKey(event) {
    if (this.form.classList.contains("locked") || isTyping(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || !this.current) return;
    if (/^[1-9]$/.test(event.key)) {
      const inputs = this.current.querySelectorAll("input[type=radio], input[type=checkbox]");
      const input = inputs[Number(event.key) - 1];
      if (!input) return;
      event.preventDefault();
      input.click();
      if (input.type === "radio") this.makeCurrent(this.nextOpen());
      else if (input.value === "other" && input.checked) this.current.querySelector(".other-words")?.focus();
    } else if (event.key === "Enter" && !event.target.matches?.("button, a, summary")) {
      event.preventDefault();
      this.makeCurrent(this.shown[this.shown.indexOf(this.current) + 1]);
    } else if (event.key === "Backspace") {
      event.preventDefault();
      this.makeCurrent(this.shown[this.shown.indexOf(this.current) - 1]);
    }
  }
}

function isAnswered(item) {
  const words = item.querySelector("textarea");
  return words ? words.value.trim() !== "" : item.querySelector("input:checked") !== null;
}
