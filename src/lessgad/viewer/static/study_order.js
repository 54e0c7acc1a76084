// SPDX-License-Identifier: Apache-2.0
// The order of the list, kept for the pages of single studies in this tab.

const KEY = "lessgad order of studies";

export function keepOrder(numbers) {
  sessionStorage.setItem(KEY, JSON.stringify(numbers));
}

// Numbers of the studies before and after this one in the list, by the selector of their link; empty without a list.
export function neighborsOf(number) {
  const order = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  const place = order.indexOf(number);
  return place < 0 ? {} : { "#before": order[place - 1], "#after": order[place + 1] };
}
