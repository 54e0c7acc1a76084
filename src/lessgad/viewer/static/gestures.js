// SPDX-License-Identifier: Apache-2.0
// Mouse and touch. Wheel: slices. Drag: window and level; right: zoom; middle or with Shift: pan.
// One finger: slices; two fingers: zoom and pan.

const WHEEL_STEP = 40; // pixels that a touchpad reports per slice
const PER_CENT_PER_PIXEL = 0.6;
const FINGER_PIXELS_PER_SLICE = 8;

export function addGestures(panels, panel) {
  const canvas = panel.canvas;
  const fingers = new Map();
  let drag = null;
  let wheel = 0;

  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      panels.activate(panel);
      const pixels = event.deltaY * (event.deltaMode === 1 ? WHEEL_STEP : 1);
      if (event.ctrlKey) {
        panel.view.magnify(Math.exp(-pixels / 300), panel.offsetOf(event.clientX, event.clientY), panel.scale);
      } else {
        wheel = Math.sign(pixels) === Math.sign(wheel) ? wheel + pixels : pixels;
        const steps = Math.abs(pixels) >= WHEEL_STEP ? Math.sign(pixels) : Math.trunc(wheel / WHEEL_STEP);
        if (steps) wheel = 0;
        panel.view.goTo(panel.view.slice - steps);
      }
      panels.changed();
    },
    { passive: false },
  );

  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("dblclick", () => panels.showAlone(panel));

  canvas.addEventListener("pointerdown", (event) => {
    panels.activate(panel);
    canvas.setPointerCapture(event.pointerId);
    document.activeElement?.blur?.();
    if (event.pointerType === "touch") {
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
      drag = { kind: "touch", traveled: 0 };
      return;
    }
    event.preventDefault();
    const kind = event.button === 1 || event.shiftKey ? "pan" : event.button === 2 ? "zoom" : "window";
    drag = { kind, offset: panel.offsetOf(event.clientX, event.clientY) };
  });

  canvas.addEventListener("pointermove", (event) => {
    if (drag?.kind === "touch" && fingers.has(event.pointerId)) return touched(event);
    if (!drag) return panels.mark(panel, panel.view && panel.placeOf(event.clientX, event.clientY));
    const [x, y] = [event.movementX, event.movementY];
    if (drag.kind === "window") panel.view.changeWindow(y * PER_CENT_PER_PIXEL, x * PER_CENT_PER_PIXEL);
    if (drag.kind === "zoom") panel.view.magnify(Math.exp(-y / 150), drag.offset, panel.scale);
    if (drag.kind === "pan") panel.view.move([x, y].map((pixels) => pixels * canvasRatio() / panel.scale));
    panels.changed();
  });

  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      if (!fingers.size) drag = null;
    });
  }
  canvas.addEventListener("pointerleave", () => panels.mark(panel, null));

  function canvasRatio() {
    return canvas.width / canvas.clientWidth;
  }

  function touched(event) {
    const before = [...fingers.values()];
    const [oldX, oldY] = fingers.get(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    const after = [...fingers.values()];
    if (after.length === 1) {
      drag.traveled += event.clientY - oldY;
      const steps = Math.trunc(drag.traveled / FINGER_PIXELS_PER_SLICE);
      drag.traveled -= steps * FINGER_PIXELS_PER_SLICE;
      panel.view.goTo(panel.view.slice - steps);
    } else if (after.length === 2) {
      const center = [(after[0][0] + after[1][0]) / 2, (after[0][1] + after[1][1]) / 2];
      panel.view.magnify(apart(after) / Math.max(1, apart(before)), panel.offsetOf(...center), panel.scale);
      const half = canvasRatio() / panel.scale / 2;
      panel.view.move([(event.clientX - oldX) * half, (event.clientY - oldY) * half]);
    }
    panels.changed();
  }
}

function apart([one, other]) {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}
