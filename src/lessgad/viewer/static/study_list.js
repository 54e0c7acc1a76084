// SPDX-License-Identifier: Apache-2.0
// The list of studies: sorted by any figure, the worst first. A study without a figure comes last.

import { keepOrder } from "./study_order.js";

const { figures, doses, studies } = JSON.parse(document.querySelector("#listing").textContent);
const head = document.querySelector(".studies thead tr");
const body = document.querySelector(".studies tbody");
const choice = document.querySelector("#dose");
const sorted = { by: null, worstFirst: true };

function value(study, figure) {
  return study.figures[choice.value]?.[figure.key];
}

// Negative where `one` is worse than `other`.
function worse(figure, one, other) {
  const [a, b] = [value(one, figure), value(other, figure)];
  if (a === undefined || b === undefined) return (a === undefined) - (b === undefined) || one.number - other.number;
  const order = figure.worst === "low" ? a - b : b - a;
  return (sorted.worstFirst ? order : -order) || one.number - other.number;
}

function draw() {
  const figure = figures.find(({ key }) => key === sorted.by);
  const rows = [...studies].sort((one, other) => (figure ? worse(figure, one, other) : one.number - other.number));
  body.replaceChildren(...rows.map(row));
  keepOrder(rows.map(({ number }) => number));
  for (const cell of head.children) {
    if (cell.dataset.key === sorted.by) cell.setAttribute("aria-sort", sorted.worstFirst ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  }
}

function row(study) {
  const line = document.createElement("tr");
  const name = document.createElement("td");
  const link = document.createElement("a");
  link.href = `/studies/${study.number}${choice.value ? `?dose=${choice.value}` : ""}`;
  link.textContent = study.name;
  name.append(link);
  line.append(name, cell(study.note));
  for (const figure of figures) {
    const found = value(study, figure);
    line.append(cell(found === undefined ? "–" : found.toFixed(figure.decimals).replace("-", "−"), "number"));
  }
  return line;
}

function cell(words, kind = "") {
  const made = document.createElement("td");
  made.className = kind;
  made.textContent = words;
  return made;
}

function heading(words, key, kind = "") {
  const made = document.createElement("th");
  made.className = kind;
  made.dataset.key = key;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words;
  button.addEventListener("click", () => {
    sorted.worstFirst = sorted.by === key ? !sorted.worstFirst : true;
    sorted.by = key;
    draw();
  });
  made.append(button);
  return made;
}

for (const { label, words } of doses) {
  const option = document.createElement("option");
  [option.value, option.textContent] = [label, words];
  choice.append(option);
}
document.querySelector("#dose-choice").hidden = doses.length < 2;
const first = doses.find(({ label }) => label !== "dose0") ?? doses[0];
if (first) choice.value = first.label;
choice.addEventListener("change", draw);
head.append(heading("study", "name"), heading("subset", "note"), ...figures.map((f) => heading(f.label, f.key, "number")));
sorted.by = figures[0]?.key ?? "name";
draw();
document.documentElement.dataset.ready = "yes";
