// SPDX-License-Identifier: Apache-2.0
// Hands the answers in. Only what the server has confirmed counts; until then it is tried again, as one submission.

import { post } from "./server.js";

export function addHandIn(element, form, draft, time, status) {
  let busy = false;

  async function handIn() {
    if (busy) return;
    const missing = form.missing();
    if (missing.length) {
      form.showProblems(missing.map((item) => ({ item: item.dataset.name, reason: "needs an answer" })));
      return;
    }
    busy = true;
    const button = element.querySelector("button[type=submit]");
    button.disabled = true;
    status.classList.remove("bad");
    status.textContent = "submitting …";
    const fields = new FormData(element);
    fields.set("active_s", time.seconds.toFixed(1));
    try {
      const { ok, said, status: code } = await post(element.action, fields);
      if (ok) {
        draft.close();
        location.assign(said.next);
        return;
      }
      if (said.problems) form.showProblems(said.problems);
      status.textContent =
        code === 401 ? "You are logged out. Log in in another window, then submit again." : said.reason || "Not submitted.";
    } catch {
      status.textContent = "The server cannot be reached. Nothing is lost. Submit again in a moment.";
    }
    status.classList.add("bad");
    button.disabled = false;
    busy = false;
  }

  element.addEventListener("submit", (event) => {
    event.preventDefault();
    handIn();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    if (element.classList.contains("locked")) return;
    event.preventDefault();
    handIn();
  });
}
