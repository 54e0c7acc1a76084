// SPDX-License-Identifier: Apache-2.0
// What the page tells the server. Everything is a plain form; the answer is JSON.

export async function post(url, fields, { keepalive = false } = {}) {
  const answer = await fetch(url, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Accept: "application/json" },
    credentials: "same-origin",
    redirect: "error",
    keepalive,
  });
  const said = await answer.json().catch(() => ({}));
  return { status: answer.status, ok: answer.ok, said };
}
