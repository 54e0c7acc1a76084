// SPDX-License-Identifier: Apache-2.0
// What the page tells the server. Everything is a plain form; the answer is JSON.

export async function post(url, fields) {
  let answer = await send(url, fields);
  if (answer.status === 400 && (await renewSecret(fields))) answer = await send(url, fields);
  const said = await answer.json().catch(() => ({}));
  return { status: answer.status, ok: answer.ok, said };
}

function send(url, fields) {
  return fetch(url, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Accept: "application/json" },
    credentials: "same-origin",
    redirect: "error",
  });
}

// Somebody who logged in anew in another window has another secret; this page takes it over.
async function renewSecret(fields) {
  const answer = await fetch("/form-secret", { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) return false;
  const { csrf } = await answer.json();
  for (const input of document.querySelectorAll("input[name=csrf]")) input.value = csrf;
  fields.set("csrf", csrf);
  return true;
}
