// What comes out of the two detectors, as boxes. Layouts: NanoDet-g and BlazeFace (back), see models/vision/NOTICE.

/** A box in shares of the image, 0..1. */
export interface Box {
  label: string;
  score: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Output {
  dims: readonly number[];
  data: Float32Array;
}

export const COCO = (
  'person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,bird,cat,dog,' +
  'horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,' +
  'baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,' +
  'orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,' +
  'cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush'
).split(',');

const STRIDES = [8, 16, 32];
const BINS = 11;

/** NanoDet's boxes above `threshold`. `width` and `height` are the network input's, multiples of 32. */
export function nanodetBoxes(outputs: Output[], width: number, height: number, threshold: number): Box[] {
  const boxes: Box[] = [];
  for (const stride of STRIDES) {
    const columns = width / stride;
    const cells = columns * (height / stride);
    const scores = outputs.find((o) => o.dims[1] === cells && o.dims[2] === COCO.length);
    const sides = outputs.find((o) => o.dims[1] === cells && o.dims[2] === 4 * BINS);
    if (!scores || !sides) throw new Error(`NanoDet gave no layer of ${cells} cells`);
    const all = scores.data;
    for (let at = 0; at < all.length; at++) {
      const score = all[at]!;
      if (score < threshold) continue;
      const label = at % COCO.length;
      const cell = (at - label) / COCO.length;
      const [l, t, r, b] = [0, 1, 2, 3].map((side) => stride * expectation(sides.data, (cell * 4 + side) * BINS)) as [number, number, number, number];
      const x = ((cell % columns) + 0.5) * stride;
      const y = (Math.floor(cell / columns) + 0.5) * stride;
      const left = Math.max(0, x - l);
      const top = Math.max(0, y - t);
      boxes.push({
        ...{ label: COCO[label]!, score, left: left / width, top: top / height },
        ...{ width: (Math.min(width, x + r) - left) / width, height: (Math.min(height, y + b) - top) / height },
      });
    }
  }
  return withoutOverlaps(boxes, 0.55);
}

/** A distance is a distribution over 11 bins: softmax, then its mean. */
function expectation(data: Float32Array, at: number): number {
  let max = -Infinity;
  for (let i = 0; i < BINS; i++) max = Math.max(max, data[at + i]!);
  let sum = 0;
  let mean = 0;
  for (let i = 0; i < BINS; i++) {
    const weight = Math.exp(data[at + i]! - max);
    sum += weight;
    mean += i * weight;
  }
  return mean / sum;
}

const FACE_INPUT = 256;
const FACE_LAYERS = [
  { cells: 16, anchors: 2 },
  { cells: 8, anchors: 6 },
];

/** BlazeFace's faces above `threshold`, in shares of its square input. */
export function blazefaceBoxes(outputs: Output[], threshold: number): Box[] {
  const boxes: Box[] = [];
  for (const { cells, anchors } of FACE_LAYERS) {
    const count = cells * cells * anchors;
    const scores = outputs.find((o) => o.dims[1] === count && o.dims[2] === 1);
    const places = outputs.find((o) => o.dims[1] === count && o.dims[2] === 16);
    if (!scores || !places) throw new Error(`BlazeFace gave no layer of ${count} anchors`);
    for (let i = 0; i < count; i++) {
      const score = 1 / (1 + Math.exp(-scores.data[i]!));
      if (score < threshold) continue;
      const cell = Math.floor(i / anchors);
      const [dx, dy, w, h] = places.data.subarray(i * 16, i * 16 + 4);
      const x = ((cell % cells) + 0.5) / cells + dx! / FACE_INPUT;
      const y = (Math.floor(cell / cells) + 0.5) / cells + dy! / FACE_INPUT;
      boxes.push({ label: 'face', score, left: x - w! / FACE_INPUT / 2, top: y - h! / FACE_INPUT / 2, width: w! / FACE_INPUT, height: h! / FACE_INPUT });
    }
  }
  return withoutOverlaps(boxes, 0.3);
}

/** Non-maximum suppression within each label. */
export function withoutOverlaps(boxes: Box[], overlap: number): Box[] {
  const kept: Box[] = [];
  for (const box of boxes.sort((a, b) => b.score - a.score)) {
    if (kept.every((k) => k.label !== box.label || sharedArea(k, box) <= overlap)) kept.push(box);
  }
  return kept;
}

function sharedArea(a: Box, b: Box): number {
  const w = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const h = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (w <= 0 || h <= 0) return 0;
  return (w * h) / (a.width * a.height + b.width * b.height - w * h);
}
