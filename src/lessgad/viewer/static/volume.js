// SPDX-License-Identifier: Apache-2.0
// One image in memory: 16-bit voxels, slice after slice from the feet up, rows from the front, columns from the patient's right.

export class Volume {
  constructor(voxels, [nColumns, nRows, nSlices]) {
    this.voxels = voxels;
    this.nColumns = nColumns;
    this.nRows = nRows;
    this.nSlices = nSlices;
  }

  slice(index) {
    const size = this.nColumns * this.nRows;
    return this.voxels.subarray(index * size, (index + 1) * size);
  }
}

export async function fetchVolume(url, shape, onProgress) {
  const nBytes = 2 * shape[0] * shape[1] * shape[2];
  const answer = await fetch(url, { credentials: "same-origin", redirect: "error" });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const bytes = new Uint8Array(nBytes);
  const stream = answer.body.getReader();
  let at = 0;
  for (;;) {
    const { done, value } = await stream.read();
    if (done) break;
    if (at + value.length > nBytes) throw new Error("the image is larger than announced");
    bytes.set(value, at);
    at += value.length;
    onProgress(at / nBytes);
  }
  if (at !== nBytes) throw new Error("the image arrived incomplete");
  return new Volume(new Int16Array(bytes.buffer), shape);
}
